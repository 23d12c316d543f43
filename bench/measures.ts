import { verify } from '../src/runtime/verify.ts';
import { snapshot } from '../src/sinks/postgres/snapshot.ts';
import type { Bench, BenchOptions, BenchResult } from './bench.ts';
import { type Run, runContender } from './contender.ts';
import { PIPELINES } from './measures/measured.ts';
import { median } from './median.ts';
import { openStage, type Stage } from './stage.ts';
import { trafficTexts } from './traffic.ts';

const EVENTS = 200_000;
const PACK = 500;

type Name = keyof typeof PIPELINES;

const WHAT: Readonly<Record<Name, string>> = {
  'measures-one': 'one count',
  'measures-eight': 'eight measures, no sketch',
  'measures-ten': 'ten measures, two of them sketches',
};

/** What measures cost. Printed, not asserted. */
export const measures: Bench = {
  name: 'measures',
  question: `what do ten measures cost beside one count, two of them sketches? (${EVENTS} events, ${PACK} to a message)`,
  async run(options) {
    const stage = await openStage();
    try {
      return await measure(stage, options);
    } finally {
      await stage.stop();
    }
  },
};

async function measure(stage: Stage, { rounds, say, only }: BenchOptions): Promise<BenchResult> {
  const names = (Object.keys(PIPELINES) as Name[]).filter((name) => only?.includes(name) ?? true);
  const runs = new Map<Name, Run[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++)
    // There and back, so that none always follows the same one.
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const run = await once(stage, name);
      runs.get(name)?.push(run);
      say(
        `round ${round + 1}: ${WHAT[name]}: ${perEvent(run.cpuMicros)} µs, Postgres ${perEvent(run.postgresMicros)} µs`,
      );
    }
  const numbers = Object.fromEntries(
    names.map((name) => [
      name,
      {
        worker: perEvent(median(runs.get(name)?.map(({ cpuMicros }) => cpuMicros) ?? [])),
        postgres: perEvent(median(runs.get(name)?.map(({ postgresMicros }) => postgresMicros) ?? [])),
      },
    ]),
  );
  const base = numbers['measures-one'];
  const times = (value: number, of: number | undefined): string => `${(value / (of ?? Number.NaN)).toFixed(2)}×`;
  const table = Object.entries(numbers).map(([name, { worker, postgres }]) => ({
    what: WHAT[name as Name],
    'worker CPU µs/event': worker,
    'of one count': times(worker, base?.worker),
    'Postgres CPU µs/event': postgres,
    'of one count ': times(postgres, base?.postgres),
  }));
  return { table, numbers, missed: [] };
}

const perEvent = (micros: number): number => Number((micros / EVENTS).toFixed(2));

async function once(stage: Stage, name: Name): Promise<Run> {
  const scene = await stage.scene();
  try {
    const messages = await scene.fill(trafficTexts(EVENTS), PACK);
    const run = await runContender(name, stage, scene, { events: EVENTS, messages });
    const pipeline = PIPELINES[name];
    const { equal, events } = await snapshot(scene.databaseUrl, pipeline, (view) => verify(pipeline, view));
    if (equal && events === EVENTS) return run;
    throw new Error(
      `expected windows = fold(raw) of ${EVENTS} events; got ${events}, ${equal ? 'equal' : 'other windows'}`,
    );
  } finally {
    await scene.clear();
  }
}
