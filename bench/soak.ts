import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startLocalDatabase } from '../src/local/database.ts';
import { startLocalQueue } from '../src/local/queue.ts';
import storefront from '../src/pipelines/storefront.ts';
import { openQueue } from '../src/producer/queue.ts';
import { verify } from '../src/runtime/verify.ts';
import { postgresDatabase } from '../src/sinks/postgres/postgres.ts';
import { snapshot } from '../src/sinks/postgres/snapshot.ts';
import { type Connection, connect } from '../src/sinks/postgres/connect.ts';
import { targetOf } from '../src/sinks/postgres/target.ts';
import { sqsSource } from '../src/sources/sqs/sqs.ts';
import { untilDrained } from '../src/runtime/until-drained.ts';
import type { Bench, BenchOptions, BenchResult } from './bench.ts';
import type { Fed, SoakTask } from './soak/feed.ts';
import { type PostgresSample, postgresSample } from './soak/postgres-sample.ts';
import { soakResult } from './soak/soak-result.ts';
import { type WorkerLife, workerLife } from './soak/worker-life.ts';

const QUEUE = 'soak';
const WORKERS = ['a', 'b'];
const SAMPLE_MS = 5_000;

const setting = (name: string, otherwise: number): number => {
  const value = Number(process.env[name] ?? otherwise);
  if (value > 0) return value;
  throw new Error(`${name}: expected a number above 0; got ${process.env[name]}`);
};

/**
 * Does anything grow? Two workers as processes, live traffic with duplicates, late and bad events, and in the middle a restart of everything but the
 * queue: both workers end by SIGTERM and Postgres stops and starts with its data, while the feed goes on. The embedded queue keeps its messages in
 * memory, so it stays, as SQS would. Linux only: it reads `/proc`.
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
  const events = Math.round(minutes * 60 * rate);
  const queue = await startLocalQueue();
  let database = await startLocalDatabase({ directory, keep: true });
  const access = { endpoint: queue.endpoint, region: queue.region, credentials: queue };
  const { client, queueUrl } = await openQueue(QUEUE, access);
  const feeder = fork(fileURLToPath(new URL('./soak/feed.ts', import.meta.url)));
  const fed = once(feeder, 'message') as Promise<[Fed]>;
  const lives: WorkerLife[] = [];
  const reports: Awaited<ReturnType<WorkerLife['stop']>>[] = [];
  const samples: PostgresSample[][] = [];
  const started = performance.now();
  const elapsed = (): number => (performance.now() - started) / 1_000;

  const begin = (life: number): WorkerLife[] => {
    const { endpoint, region, accessKeyId, secretAccessKey } = queue;
    const settings = {
      SCALESTREAM_QUEUE: QUEUE,
      DATABASE_URL: database.url,
      AWS_ENDPOINT_URL_SQS: endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    };
    const made = WORKERS.map((name) => workerLife(`${name}${life}`, settings));
    lives.push(...made);
    return made;
  };
  /** Samples the workers and the database until something has happened. */
  const observe = async (workers: readonly WorkerLife[], until: Promise<unknown>): Promise<void> => {
    const looking = new AbortController();
    const over = until.finally(() => looking.abort());
    const series: PostgresSample[] = [];
    samples.push(series);
    const observer: Connection = connect(targetOf(database.url), { max: 1, statementMs: 30_000 });
    try {
      while (!looking.signal.aborted) {
        await wait(SAMPLE_MS, undefined, { signal: looking.signal }).catch(() => undefined);
        if (looking.signal.aborted) break;
        for (const worker of workers) worker.sample();
        series.push(await postgresSample(observer, elapsed()));
      }
    } finally {
      await observer.end();
    }
    await over;
  };
  const end = async (workers: readonly WorkerLife[]): Promise<void> => {
    reports.push(...(await Promise.all(workers.map((worker) => worker.stop()))));
  };

  try {
    const migration = postgresDatabase({ url: database.url, connections: 1 });
    await migration.migrate(storefront);
    await migration.close();
    const { endpoint, region, accessKeyId, secretAccessKey } = queue;
    feeder.send({ endpoint, region, accessKeyId, secretAccessKey, queueUrl, events, rate, pack } satisfies SoakTask);
    const first = begin(1);
    await observe(first, wait(minutes * 30_000));
    say(`${Math.round(elapsed())} s: restarting the workers and Postgres; the feed goes on`);
    const down = performance.now();
    await end(first);
    await database.stop();
    database = await startLocalDatabase({ directory, keep: true });
    const second = begin(2);
    const restartSeconds = (performance.now() - down) / 1_000;
    say(`${Math.round(elapsed())} s: everything is back after ${restartSeconds.toFixed(1)} s`);
    await observe(second, fed);
    const [counts] = await fed;
    say(`${Math.round(elapsed())} s: all is sent; draining`);
    await drained(access);
    await end(second);
    const verification = await snapshot(database.url, storefront, (view) => verify(storefront, view));
    return soakResult({ fed: counts, lives, reports, postgres: samples, verification, restartSeconds });
  } finally {
    feeder.kill('SIGKILL');
    for (const life of lives) life.kill();
    client.destroy();
    await Promise.all([queue.stop(), database.stop()]);
  }
}

/** Asks the queue; nothing is received here. */
async function drained(access: {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}): Promise<void> {
  const source = await sqsSource({ queue: QUEUE, ...access });
  await untilDrained(source);
  await source.drained(0);
}
