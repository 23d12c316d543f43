import type { Books } from './books.ts';
import type { Comparison } from './comparison.ts';
import type { Recovery } from './recovery.ts';
import type { Settings } from './settings.ts';
import type { Line } from './shipments.ts';
import type { Tally } from './tally.ts';

/** Why a run failed. `not drained` is no wrong result, only none. */
export interface Failure {
  readonly kind: 'violation' | 'mismatch' | 'hang' | 'not drained' | 'worker' | 'harness';
  readonly what: string;
  readonly atSeconds: number;
}

/** All that is known after a run. */
export interface Outcome {
  readonly settings: Settings;
  readonly failures: readonly Failure[];
  readonly found: Comparison;
  readonly loadSeconds: number;
  readonly drainSeconds: number;
  readonly compareSeconds: number;
  readonly counts: Tally;
  readonly recovery: Recovery;
  readonly checked: { readonly messages: number; readonly events: number; readonly rejects: number };
  readonly inputs: readonly { readonly line: Line; readonly books: Books }[];
  readonly realRows: number | undefined;
}

const grouped = (n: number): string => Math.round(n).toLocaleString('en-US');

/** A line while the run is on. */
export const progressLine = (seconds: number, events: number, counts: Tally): string =>
  [
    `${Math.round(seconds)} s`,
    `${grouped(events)} events sent`,
    `${grouped(counts.of('seen events committed'))} committed`,
    `${grouped(counts.of('seen redeliveries'))} redeliveries`,
    `${counts.of('fault process: kill')} kills`,
    `${counts.of('fault process: Postgres crashed and restarted')} restarts of Postgres`,
    `${counts.of('seen answers lost after a commit')} answers lost after a commit`,
  ].join(' · ');

/** The report as it is written to a file. */
export function reportOf(outcome: Outcome) {
  const { settings, failures, found, counts, recovery, checked, inputs } = outcome;
  const { loadSeconds, drainSeconds, compareSeconds } = outcome;
  const events = inputs.reduce((sum, { books }) => sum + books.events, 0);
  const whole = Object.fromEntries(
    inputs.map(({ line, books }): [string, object] => [
      line,
      {
        distinctEvents: books.events,
        rejects: Object.fromEntries([...books.rejects].map(([reason, { count }]): [string, number] => [reason, count])),
        windows: Object.fromEntries(books.windows.map(({ name, rows }): [string, number] => [name, rows.size])),
      },
    ]),
  );
  const { user, system } = process.cpuUsage();
  return {
    ok: failures.length === 0,
    seed: settings.seed,
    startAt: new Date(settings.startAt).toISOString(),
    settings,
    seconds: { load: Math.round(loadSeconds), drain: Math.round(drainSeconds), compare: Math.round(compareSeconds) },
    eventsPerSecond: Math.round(events / (loadSeconds + drainSeconds)),
    input: { ...counts.under('input '), realEventsSent: outcome.realRows ?? 'absent', ...whole },
    injected: counts.under('fault '),
    seen: counts.under('seen '),
    guard: checked,
    harness: {
      cpuSeconds: Math.round((user + system) / 1e6),
      rssMegabytes: Math.round(process.memoryUsage.rss() / 2 ** 20),
    },
    recoveryMs: {
      'Postgres ready to first commit': recovery.afterRestart(),
      'worker killed to all it held committed': recovery.afterKill(),
      'longest gap between commits': Math.round(recovery.longestGap),
    },
    compared: { windowRows: found.rows, mismatches: found.differing },
    hangs: failures.filter(({ kind }) => kind === 'hang').length,
    failures,
  };
}

/** The report for a person. */
export function reportText(outcome: Outcome): string {
  const { ok, seed, startAt, failures, settings: _, ...rest } = reportOf(outcome);
  const lines = Object.entries(rest).map(([title, value]) => `${title}: ${textOf(value, '  ')}`);
  return [
    `seed ${seed}, event time from ${startAt}`,
    ...lines,
    ...failures.map(({ kind, what, atSeconds }) => `FAILED (${kind}, after ${Math.round(atSeconds)} s): ${what}`),
    ok ? 'OK: the tables equal the input' : 'NOT OK',
  ].join('\n');
}

function textOf(value: unknown, indent: string): string {
  if (typeof value === 'number') return grouped(value);
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = Object.entries(value);
  if (entries.every(([, each]) => typeof each !== 'object')) {
    const flat = entries.map(([name, each]) => `${name} ${textOf(each, indent)}`).join(', ');
    if (flat.length < 140) return flat;
  }
  return entries.map(([name, each]) => `\n${indent}${name}: ${textOf(each, `${indent}  `)}`).join('');
}
