import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import storefront from '../src/pipelines/storefront.ts';
import { untilDrained } from '../src/runtime/until-drained.ts';
import { verify } from '../src/runtime/verify.ts';
import { snapshot } from '../src/sinks/postgres/snapshot.ts';
import { sqsSource } from '../src/sources/sqs/sqs.ts';
import type { Bench, BenchOptions, BenchResult } from './bench.ts';
import type { Fed, SoakTask } from './soak/feed.ts';
import { observe } from './soak/observe.ts';
import { type SoakServers, startSoakServers } from './soak/servers.ts';
import { type Lived, soakResult } from './soak/soak-result.ts';
import { workerLife } from './soak/worker-life.ts';

const WORKERS = ['a', 'b'];
/** Of everything: one restart is between them. */
const LIVES = 2;

const setting = (name: string, otherwise: number): number => {
  const value = Number(process.env[name] ?? otherwise);
  if (value > 0) return value;
  throw new Error(`${name}: expected a number above 0; got ${process.env[name]}`);
};

/**
 * Does anything grow? Two workers as processes, live traffic with duplicates, late and bad events, and in the middle a restart of everything: the
 * feed pauses, and once the queue is empty (the embedded one keeps its messages in memory) workers, queue and Postgres end and start again, Postgres
 * with its data. Linux only: it reads `/proc`.
 *
 * Memory takes some minutes to settle: a run of a few is for trying it out, and misses its targets.
 *
 * Settings: `SOAK_MINUTES` (30), `SOAK_RATE` (5000 events a second), `SOAK_PACK` (50 events a message). It runs once, whatever `--rounds` says.
 */
export const soak: Bench = {
  name: 'soak',
  question:
    'do memory, descriptors, sockets and tables stay flat over half an hour of live traffic, with a restart of everything?',
  async run(options) {
    const directory = mkdtempSync(join(tmpdir(), 'scalestream-soak-'));
    try {
      return await measure(directory, options);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

async function measure(directory: string, { say }: BenchOptions): Promise<BenchResult> {
  const [minutes, rate, pack] = [setting('SOAK_MINUTES', 30), setting('SOAK_RATE', 5_000), setting('SOAK_PACK', 50)];
  const events = Math.round((minutes * 60 * rate) / LIVES);
  const lives: Lived[] = [];
  let servers = await startSoakServers(directory);
  try {
    for (let life = 1; ; life++) {
      say(`life ${life}: two workers, queue and Postgres are up`);
      lives.push(await live(servers, { seed: life, events, rate, pack }));
      if (life === LIVES) break;
      await servers.stop();
      servers = await startSoakServers(directory);
    }
    const verification = await snapshot(servers.databaseUrl, storefront, (view) => verify(storefront, view));
    return soakResult(lives, verification);
  } finally {
    await servers.stop();
  }
}

/** From the start of the workers to their end, all that was fed being settled. */
async function live(servers: SoakServers, task: Omit<SoakTask, keyof SoakServers['access']>): Promise<Lived> {
  const workers = WORKERS.map((name) => workerLife(`${name}${task.seed}`, servers.settings));
  const feeder = fork(fileURLToPath(new URL('./soak/feed.ts', import.meta.url)));
  try {
    const fed = once(feeder, 'message') as Promise<[Fed]>;
    feeder.send({ ...servers.access, ...task } satisfies SoakTask);
    const postgres = await observe({ workers, databaseUrl: servers.databaseUrl, until: fed });
    const source = await sqsSource({ queue: servers.queue, ...servers.access });
    await untilDrained(source);
    await source.drained(0);
    const reports = await Promise.all(workers.map((worker) => worker.stop()));
    return { fed: (await fed)[0], workers, reports, postgres };
  } finally {
    feeder.kill('SIGKILL');
    for (const worker of workers) worker.kill();
  }
}
