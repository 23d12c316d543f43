import type { Verification } from '../../src/index.ts';
import type { BenchResult } from '../bench.ts';
import type { Fed } from './feed.ts';
import { postgresSeries, workerSeries } from './judged.ts';
import type { PostgresSample } from './postgres-sample.ts';
import type { WorkerLife } from './worker-life.ts';

/** What a soak saw between two restarts of everything. */
export interface Lived {
  readonly fed: Fed;
  readonly workers: readonly WorkerLife[];
  readonly reports: readonly Awaited<ReturnType<WorkerLife['stop']>>[];
  readonly postgres: readonly PostgresSample[];
}

/** What a worker may take, as in the bench `memory`. */
const MAX_MB = 400;

/** The table of a soak, and what in it is not as it should be. */
export function soakResult(lives: readonly Lived[], verification: Verification): BenchResult {
  const reports = lives.flatMap((life) => life.reports);
  const fed = lives.map((life) => life.fed).reduce(sumOf);
  const judged = [
    ...lives.flatMap(({ workers }) => workers.flatMap(workerSeries)),
    ...lives.flatMap(({ postgres }, index) => postgresSeries(postgres, index)),
  ];
  const total = (of: (report: (typeof reports)[number]) => number): number =>
    reports.reduce((sum, report) => sum + of(report), 0);
  const warned = reports.filter(({ stderr }) => /Warning/.test(stderr)).length;
  const exact = verification.equal && verification.events === fed.good && verification.rejects === fed.bad;
  const missed = [
    ...judged
      .filter(({ isFlat }) => !isFlat)
      .map(({ what, early, late, unit }) => `${what}: ${short(early)} → ${short(late)} ${unit}`),
    ...judged
      .filter(({ what, most }) => what.endsWith('RSS') && most >= MAX_MB)
      .map(({ what, most }) => `${what}: ${short(most)} MB; less than ${MAX_MB} MB`),
    ...(exact
      ? []
      : [
          `${verification.events} events and ${verification.rejects} rejects, ${verification.differing} windows that differ; fed ${fed.good} and ${fed.bad}`,
        ]),
    ...(total(({ messages }) => messages) === fed.messages
      ? []
      : [`${total(({ messages }) => messages)} messages settled; sent ${fed.messages}`]),
    ...(total(({ redelivered, lost }) => redelivered + lost) === 0
      ? []
      : [`${total(({ redelivered }) => redelivered)} redelivered, ${total(({ lost }) => lost)} lost; expected none`]),
    ...(warned === 0 ? [] : [`${warned} workers wrote a warning of Node: a leak of listeners?`]),
  ];
  const table = [
    ...judged.map(({ what, unit, early, late, growth, slopePerHour, least, most, samples, isFlat }) => ({
      what,
      early: short(early),
      late: short(late),
      unit,
      'growth %': short(growth),
      'per hour': short(slopePerHour),
      range: `${short(least)} – ${short(most)}`,
      samples,
      flat: isFlat ? 'yes' : 'NO',
    })),
    { what: 'events fed (good · duplicates · bad)', late: `${fed.good} · ${fed.duplicates} · ${fed.bad}` },
    { what: 'events in the database · rejects', late: `${verification.events} · ${verification.rejects}` },
    { what: 'windows = fold(raw)', late: verification.equal ? `yes, all ${verification.windows}` : 'NO' },
    {
      what: 'messages sent · settled · redelivered',
      late: `${fed.messages} · ${total(({ messages }) => messages)} · ${total(({ redelivered }) => redelivered)}`,
    },
    { what: 'events a second, fed', late: short(fed.produced / fed.seconds) },
    {
      what: 'CPU of all workers, µs an event',
      late: short((total(({ cpuSeconds }) => cpuSeconds) * 1e6) / fed.produced),
    },
    { what: 'longest stop of a worker, s', late: short(Math.max(...reports.map(({ stopSeconds }) => stopSeconds))) },
  ] as unknown as BenchResult['table'];
  const numbers = {
    judged,
    fed,
    verification,
    reports: reports.map((report) => ({ ...report, stderr: undefined })),
  };
  return { table, missed, numbers };
}

const sumOf = (a: Fed, b: Fed): Fed => ({
  produced: a.produced + b.produced,
  good: a.good + b.good,
  duplicates: a.duplicates + b.duplicates,
  bad: a.bad + b.bad,
  messages: a.messages + b.messages,
  seconds: a.seconds + b.seconds,
});

const short = (value: number): string =>
  Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2).replace(/\.?0+$/, '');
