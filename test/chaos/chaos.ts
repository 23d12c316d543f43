import { setTimeout as wait } from 'node:timers/promises';
import { seededRandom } from '../../src/producer/random.ts';
import type { Comparison } from './comparison.ts';
import { compare } from './comparison.ts';
import { deleteGuard } from './delete-guard.ts';
import { drain } from './drain.ts';
import { faultPlan } from './fault-plan.ts';
import { feed } from './feeder.ts';
import { observer } from './observer.ts';
import { openPost, type Post, VISIBILITY_SECONDS } from './post.ts';
import { recovery } from './recovery.ts';
import { type Failure, type Outcome, progressLine } from './report.ts';
import { sabotage } from './sabotage.ts';
import type { Settings } from './settings.ts';
import { openStage, type Stage } from './stage.ts';
import { striker } from './strike.ts';
import { tally } from './tally.ts';

const BACKLOG = 200;
/** The real events are sent so often in a run, evenly over it. */
const PASSES = 2;
const PROGRESS_MS = 5_000;
const WATCH_MS = 1_000;
/** Nothing committed for so long, while Postgres is up, or nothing heard of a worker, is a hang. */
const HANG_MS = 90_000;
/** A statement that reads all raw events. */
const COMPARE_MS = 300_000;

/** One run: faults and load until the goals are reached, then peace, then the comparison. */
export async function chaos(
  settings: Settings,
  say: (line: string) => void,
  interrupted: AbortSignal,
): Promise<Outcome> {
  const stage = await openStage(settings);
  try {
    return await runOn(stage, settings, say, interrupted);
  } finally {
    await stage.close();
  }
}

async function runOn(
  stage: Stage,
  settings: Settings,
  say: (line: string) => void,
  interrupted: AbortSignal,
): Promise<Outcome> {
  const { seed } = settings;
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1_000;
  const counts = tally();
  const times = recovery(() => performance.now());
  const failures: Failure[] = [];
  const over = new AbortController();
  const fail = (kind: Failure['kind'], what: string): void => {
    say(`FAILED (${kind}): ${what}`);
    failures.push({ kind, what, atSeconds: seconds() });
    over.abort();
  };
  interrupted.addEventListener('abort', () => fail('harness', 'interrupted'));
  const storefront = [...stage.lines.values()].find(({ line }) => line === 'storefront');
  if (!storefront) throw new Error('no storefront');
  const lines = [...stage.lines.values()];
  const books = new Map(lines.map(({ line, input, queue }) => [line, { books: input.books, queue }]));
  const guard = deleteGuard(stage.eyes, books);
  void stage.postgres.died.then((why) => fail('harness', why));

  let faulty = true;
  const posts: Post[] = [];
  const held: Set<number>[] = [];
  const seats = lines.flatMap((work) => Array.from({ length: work === storefront ? settings.workers : 1 }, () => work));
  for (const [index, work] of seats.entries()) {
    posts.push(
      await openPost({
        stage,
        work,
        index,
        seed,
        guard,
        held,
        tally: counts,
        recovery: times,
        deleteFirst: settings.sabotage === 'delete-first',
        isFaulty: () => faulty,
        onViolation: (what) => fail('violation', what),
        onFailure: (what) => fail('worker', what),
      }),
    );
  }

  const goals = [
    [() => seconds() / 60, settings.minutes],
    [() => storefront.input.books.events, settings.events],
    [() => counts.of('fault process: kill'), settings.kills],
    [() => counts.of('fault process: Postgres crashed and restarted'), settings.restarts],
    [() => counts.of('seen answers lost after a commit'), settings.lostAnswers],
  ] as const;
  const progress = (): number => Math.min(1, ...goals.map(([now, goal]) => (goal > 0 ? now() / goal : 1)));
  const stopped = (): boolean => over.signal.aborted || progress() >= 1;
  const { ga4 } = stage;
  const wants = {
    storefront: () => (stopped() ? 'end' : 'more'),
    ga4: () => {
      if (over.signal.aborted || !ga4) return 'end';
      if (stopped()) return ga4.given >= ga4.rows ? 'end' : 'more';
      return ga4.given < ga4.rows * PASSES * progress() ? 'more' : 'wait';
    },
  } as const;

  const watch = setInterval(() => {
    const open = lines.reduce((sum, { shipments }) => sum + shipments.open, 0);
    if (over.signal.aborted) return;
    if (open > 0 && times.idle() > HANG_MS) fail('hang', `nothing committed for ${HANG_MS} ms while Postgres is up`);
    const silent = faulty && times.postgresIsUp && posts.find((post) => post.silent() > HANG_MS);
    if (silent) fail('hang', `${silent.name} was not heard of for ${HANG_MS} ms`);
    if (seconds() > settings.deadlineMinutes * 60) fail('hang', `not done after ${settings.deadlineMinutes} minutes`);
  }, WATCH_MS);
  const showing = setInterval(() => say(progressLine(seconds(), storefront.input.books.events, counts)), PROGRESS_MS);

  const striking = striker({
    stage,
    posts,
    tally: counts,
    recovery: times,
    onFailure: (what) => fail('harness', what),
  });
  const saboteur = sabotage(settings.sabotage, stage, storefront);
  const feeding = Promise.all(
    lines.map((work, index) =>
      feed({
        ...work,
        client: stage.client,
        tally: counts,
        backlog: BACKLOG,
        random: seededRandom(seed * 7 + index),
        wants: wants[work.line],
      }),
    ),
  ).catch((error: unknown) => fail('harness', `the feeder: ${String(error)}`));

  const fed = new AbortController();
  void feeding.finally(() => fed.abort());
  const peace = AbortSignal.any([over.signal, fed.signal]);
  for (const planned of faultPlan(seededRandom(seed * 3 + 1), posts.length, VISIBILITY_SECONDS * 1_000)) {
    await wait(planned.afterMs, undefined, { signal: peace }).catch(() => undefined);
    if (peace.aborted) break;
    counts.add('input steps of the plan');
    saboteur.during();
    striking.strike(planned);
  }
  await feeding;
  const loadSeconds = seconds();

  say('no more faults; the workers stop');
  faulty = false;
  await striking.heal();
  for (const { repeats } of lines) repeats.length = 0;
  await Promise.all(posts.map(({ worker }) => worker.close()));
  const found: Comparison = { rows: 0, mismatches: [], differing: 0 };
  let compareSeconds = 0;
  if (!over.signal.aborted) {
    say('draining');
    for (const what of await drain(stage, posts, over.signal)) fail('not drained', what);
  }
  clearInterval(watch);
  clearInterval(showing);
  const totalSeconds = seconds();
  if (failures.length === 0) {
    say('comparing');
    await saboteur.before();
    const patient = observer(stage.postgres.url, { connections: 1, statementMs: COMPARE_MS });
    for (const { input } of lines) await compare(patient, input.books, found);
    await patient.close();
    compareSeconds = seconds() - totalSeconds;
    for (const what of found.mismatches) fail('mismatch', what);
  }
  await Promise.all(posts.map((post) => post.close()));
  return {
    settings,
    failures,
    found,
    loadSeconds,
    compareSeconds,
    counts,
    recovery: times,
    drainSeconds: totalSeconds - loadSeconds,
    checked: guard.checked,
    inputs: lines.map(({ line, input }) => ({ line, books: input.books })),
    realRows: ga4?.given,
  };
}
