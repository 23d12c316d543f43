import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import storefront from '../src/pipelines/storefront.ts';
import { postgresDatabase } from '../src/sinks/postgres/postgres.ts';
import type { Bench, BenchOptions, BenchResult } from './bench.ts';
import { command } from './command.ts';
import type { Dashboards, DashboardsTask } from './dashboards/load.ts';
import { median } from './median.ts';
import { cpuOf } from './processes.ts';
import type { ServingTask } from './serving/task.ts';
import { openStage, type Stage } from './stage.ts';

const RATE = 10_000;
const SECONDS = 15;
const EVENTS = RATE * SECONDS;
const POLLERS = 1_000;
const EVERY_MS = 2_000;
const STREAMS = 500;
const MOST = 1.05;

interface Run {
  readonly seconds: number;
  readonly worker: number;
  readonly postgres: number;
  readonly api: number;
  readonly dashboards: Dashboards | undefined;
}

/**
 * What dashboards cost those who count: a worker takes in a steady stream, without them and with them, in turns. They share this machine's cores with who plays
 * them, so what is compared is CPU an event, of the worker and of all of Postgres, and whether the stream is kept up with.
 */
export const dashboards: Bench = {
  name: 'dashboards',
  question: `what do ${POLLERS} dashboards that poll every ${EVERY_MS / 1_000} s and ${STREAMS} that stream cost ingestion? (${RATE} events/s for ${SECONDS} s)`,
  async run({ rounds, say }: BenchOptions) {
    const stage = await openStage();
    const runs: Record<'without' | 'with', Run[]> = { without: [], with: [] };
    try {
      for (let round = 0; round < rounds; round++) {
        for (const which of round % 2 === 0 ? (['without', 'with'] as const) : (['with', 'without'] as const)) {
          const run = await measured(stage, which === 'with');
          runs[which].push(run);
          say(
            `round ${round + 1}: ${which}: ${Math.round(EVENTS / run.seconds)} events/s, ${perEvent(run).toFixed(1)} µs of worker and Postgres an event`,
          );
        }
      }
    } finally {
      await stage.stop();
    }
    return summary(runs);
  },
};

const perEvent = ({ worker, postgres }: Run): number => (worker + postgres) / EVENTS;

async function measured(stage: Stage, looked: boolean): Promise<Run> {
  const scene = await stage.scene();
  const database = postgresDatabase({ url: scene.databaseUrl, connections: 1 });
  await database.migrate(storefront);
  const worker = command(scene, ['run', 'src/pipelines/storefront.ts', '--database', scene.databaseUrl]);
  const children: ChildProcess[] = [worker];
  try {
    const api = looked ? child('./serving/server.ts') : undefined;
    const load = looked ? child('./dashboards/load.ts') : undefined;
    children.push(...[api, load].filter((each) => each !== undefined));
    if (api && load) {
      const url = (await answer(api, { databaseUrl: scene.databaseUrl } satisfies ServingTask)) as string;
      await answer(load, { url, pollers: POLLERS, everyMs: EVERY_MS, streams: STREAMS } satisfies DashboardsTask);
    }
    const committed = async (): Promise<number> => {
      const [row] = await database.connection.run<{ n: string }>(
        'select coalesce(sum(committed), 0)::text as n from scalestream.workers',
      );
      return Number(row?.n ?? 0);
    };
    const used = () => [worker.pid, stage.database.pid, api?.pid].map((pid) => (pid ? (cpuOf(pid) ?? Number.NaN) : 0));
    const feed = command(scene, ['produce', '--simulate', '--events', String(EVENTS), '--rate', String(RATE)]);
    children.push(feed);
    // how long the commands take to start is no matter of dashboards
    while ((await committed()) === 0) await wait(20);
    const [before, began] = [used(), performance.now()];
    while ((await committed()) < EVENTS) {
      if (worker.exitCode !== null) throw new Error(`the worker ended with ${worker.exitCode}`);
      await wait(100);
    }
    const seconds = (performance.now() - began) / 1_000;
    const [cpuWorker = 0, cpuPostgres = 0, cpuApi = 0] = used().map((micros, i) => micros - (before[i] ?? 0));
    const found = load ? ((await answer(load, 'end')) as Dashboards) : undefined;
    return { seconds, worker: cpuWorker, postgres: cpuPostgres, api: cpuApi, dashboards: found };
  } finally {
    for (const each of children) {
      if (each.connected) each.disconnect();
      else each.kill('SIGTERM');
      if (each.exitCode === null) await once(each, 'exit');
    }
    await database.close();
    await scene.clear();
  }
}

const child = (file: string): ChildProcess => fork(fileURLToPath(new URL(file, import.meta.url)));

async function answer(to: ChildProcess, message: object | string): Promise<unknown> {
  const answered = once(to, 'message');
  to.send(message);
  return ((await answered) as unknown[])[0];
}

function summary(runs: Record<'without' | 'with', readonly Run[]>): BenchResult {
  const of = (each: readonly Run[]) => {
    const middle = (read: (run: Run) => number): number => Number(median(each.map(read)).toFixed(2));
    return {
      eventsPerSecond: Math.round(middle((run) => EVENTS / run.seconds)),
      workerMicros: middle((run) => run.worker / EVENTS),
      postgresMicros: middle((run) => run.postgres / EVENTS),
      apiCores: middle((run) => run.api / 1e6 / run.seconds),
    };
  };
  const numbers = { without: of(runs.without), with: of(runs.with), dashboards: runs.with.at(-1)?.dashboards };
  const rate = numbers.with.eventsPerSecond / numbers.without.eventsPerSecond;
  const worker = numbers.with.workerMicros / numbers.without.workerMicros;
  const table = (['without', 'with'] as const).map((what) => ({
    what: `${what} dashboards`,
    'events/s': numbers[what].eventsPerSecond,
    'worker µs/event': numbers[what].workerMicros,
    'Postgres µs/event': numbers[what].postgresMicros,
    'API cores': numbers[what].apiCores,
    'answers p99 ms': what === 'with' ? (numbers.dashboards?.p99 ?? Number.NaN) : '',
    'stream events': what === 'with' ? (numbers.dashboards?.events ?? Number.NaN) : '',
  }));
  const missed = [
    ...(rate >= 1 / MOST
      ? []
      : [`${numbers.with.eventsPerSecond} events/s with dashboards, ${numbers.without.eventsPerSecond} without`]),
    ...(worker <= MOST ? [] : [`the worker's CPU an event: ${worker.toFixed(2)} times that without dashboards`]),
  ];
  return { table, numbers, missed };
}
