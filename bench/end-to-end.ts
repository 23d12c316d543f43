import storefront from '../src/pipelines/storefront.ts';
import { verify } from '../src/runtime/verify.ts';
import { snapshot } from '../src/sinks/postgres/snapshot.ts';
import type { Bench, BenchOptions, BenchResult } from './bench.ts';
import { type Run, runContender } from './contender.ts';
import { median } from './median.ts';
import { openStage, type Scene, type Stage } from './stage.ts';
import { trafficTexts } from './traffic.ts';

interface Load {
  readonly events: number;
  /** Events in a message. */
  readonly pack: number;
  /** Events a second that the engine must reach. */
  readonly target: number;
}

interface Contender {
  readonly file: string;
  readonly what: string;
  /** Whether it takes messages from the queue. */
  readonly consumes: boolean;
}

const CONTENDERS: readonly Contender[] = [
  { file: 'engine', what: 'engine: raw rows + exact windows', consumes: true },
  { file: 'rival', what: 'rival: sqs-consumer + postgres.js', consumes: true },
  { file: 'receive-delete', what: 'bare SDK receive + delete', consumes: true },
  { file: 'insert', what: 'bare INSERT of the raw rows', consumes: false },
  { file: 'parse', what: 'bare JSON.parse', consumes: false },
];

/** 500 events to a message. */
export const packed: Bench = endToEnd('packed', { events: 400_000, pack: 500, target: 60_000 });

/** One event to a message. */
export const onePerMessage: Bench = endToEnd('one-per-message', { events: 60_000, pack: 1, target: 6_000 });

function endToEnd(name: string, load: Load): Bench {
  const { events, pack, target } = load;
  const question = `how many events a second from queue to exact windows, ${pack === 1 ? 'one event' : `${pack} events`} to a message? (${events} events)`;
  return { name, question, run: (options) => measure(load, target, options) };
}

async function measure(load: Load, target: number, { rounds, say, only }: BenchOptions): Promise<BenchResult> {
  const stage = await openStage();
  const contenders = CONTENDERS.filter(({ file }) => only?.includes(file) ?? true);
  const runs = new Map<Contender, Run[]>(contenders.map((contender) => [contender, []]));
  try {
    for (let round = 0; round < rounds; round++) {
      // There and back, so that none always follows the same one.
      const order = round % 2 === 0 ? contenders : contenders.toReversed();
      for (const contender of order) {
        const run = await once(stage, contender, load);
        runs.get(contender)?.push(run);
        say(`round ${round + 1}: ${contender.what}: ${Math.round(load.events / run.seconds)} events/s`);
      }
    }
  } finally {
    await stage.stop();
  }
  const numbers = Object.fromEntries([...runs].map(([{ file }, each]) => [file, summary(load, each)]));
  const table = [...runs].map(([{ what }, each]) => row(what, summary(load, each)));
  const reached = numbers['engine']?.eventsPerSecond;
  return {
    table,
    numbers,
    missed: reached === undefined || reached >= target ? [] : [`${reached} events/s; at least ${target}`],
  };
}

/** One run on a fresh database and, where it consumes, a queue that was filled before. */
async function once(stage: Stage, { file, consumes }: Contender, { events, pack }: Load): Promise<Run> {
  const scene = await stage.scene();
  try {
    const messages = consumes ? await scene.fill(trafficTexts(events), pack) : Math.ceil(events / pack);
    const run = await runContender(file, stage, scene, { events, messages });
    if (file === 'engine') await check(scene, events);
    return run;
  } finally {
    await scene.clear();
  }
}

/** A run that lost or invented anything has no speed. */
async function check({ databaseUrl }: Scene, expected: number): Promise<void> {
  const { equal, events, differing, rejects } = await snapshot(databaseUrl, storefront, (view) =>
    verify(storefront, view),
  );
  if (equal && events === expected && rejects === 0) return;
  throw new Error(
    `expected ${expected} events and windows = fold(raw); got ${events} events, ${rejects} rejects, ${differing} windows that differ`,
  );
}

interface Summary {
  readonly eventsPerSecond: number;
  readonly slowest: number;
  readonly fastest: number;
  readonly processMicrosPerEvent: number;
  readonly postgresMicrosPerEvent: number;
  readonly queueMicrosPerEvent: number;
  readonly peakRssMb: number;
}

function summary({ events }: Load, runs: readonly Run[]): Summary {
  const rates = runs.map(({ seconds }) => Math.round(events / seconds));
  const perEvent = (micros: (run: Run) => number): number => Number((median(runs.map(micros)) / events).toFixed(2));
  return {
    eventsPerSecond: Math.round(median(rates)),
    slowest: Math.min(...rates),
    fastest: Math.max(...rates),
    processMicrosPerEvent: perEvent((run) => run.cpuMicros),
    postgresMicrosPerEvent: perEvent((run) => run.postgresMicros),
    queueMicrosPerEvent: perEvent((run) => run.queueMicros),
    peakRssMb: Math.round(median(runs.map((run) => run.peakRssBytes)) / 2 ** 20),
  };
}

const row = (what: string, found: Summary) => ({
  what,
  'events/s': found.eventsPerSecond,
  range: `${found.slowest} – ${found.fastest}`,
  'CPU µs/event': found.processMicrosPerEvent,
  'Postgres µs': found.postgresMicrosPerEvent,
  'queue µs': found.queueMicrosPerEvent,
  'RSS MB': found.peakRssMb,
});
