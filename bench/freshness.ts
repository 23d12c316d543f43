import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { sqsClient } from '../src/producer/sqs-client.ts';
import { metricsClient } from '../src/server/index.ts';
import { postgresDatabase } from '../src/sinks/postgres/postgres.ts';
import type { Bench, BenchOptions, BenchResult } from './bench.ts';
import { command } from './command.ts';
import beats from './finality/beats.ts';
import type { BeatTask } from './finality/feed.ts';
import { openStage, type Scene } from './stage.ts';

const RATES = [1_000, 20_000];
const SECONDS = 30;
const SENSORS = 100;
/** On average. */
const EVERY_MS = 100;
const PROBE = 'probe';
const TARGET_MS = 500;

/** How long from sending an event until the API tells of it? Beside a stream of others; a worker with its API as users run it, all settings the default. */
export const freshness: Bench = {
  name: 'freshness',
  question: `how long after it was sent is an event in the API's answer, beside ${RATES.join(' and ')} events/s?`,
  async run(options) {
    const stage = await openStage();
    try {
      const found = new Map<number, readonly number[]>();
      for (const rate of RATES) found.set(rate, await measured(await stage.scene(), rate, options));
      return summary(found);
    } finally {
      await stage.stop();
    }
  },
};

async function measured(scene: Scene, rate: number, { say }: BenchOptions): Promise<readonly number[]> {
  const database = postgresDatabase({ url: scene.databaseUrl, connections: 1 });
  await database.migrate(beats);
  await database.close();
  const { endpoint, region, queueUrl, accessKeyId, secretAccessKey } = scene;
  const client = sqsClient(
    { endpoint, region, credentials: { accessKeyId, secretAccessKey } },
    { sockets: 2, attempts: 3 },
  );
  const worker = command(
    scene,
    ['run', 'bench/finality/beats.ts', '--database', scene.databaseUrl, '--visibility', '4s', '--port', '0'],
    'pipe',
  );
  const feeder = fork(fileURLToPath(new URL('./finality/feed.ts', import.meta.url)));
  try {
    const url = await urlOf(worker);
    const fed = once(feeder, 'message');
    const task: BeatTask = {
      endpoint,
      region,
      queueUrl,
      accessKeyId,
      secretAccessKey,
      seconds: SECONDS,
      rate,
      sensors: SENSORS,
    };
    feeder.send(task);
    const took = await probed(client, queueUrl, url);
    say(`${rate} events/s: ${took.length} probes`);
    await fed;
    return took;
  } finally {
    worker.kill('SIGTERM');
    for (const each of [worker, feeder]) if (each.exitCode === null) await once(each, 'exit');
    client.destroy();
    await scene.clear();
  }
}

/** Sends an event now and then, and asks without a pause how many are there. */
async function probed(client: SQSClient, queueUrl: string, url: string): Promise<readonly number[]> {
  const windows = metricsClient(url).v1.pipelines[':pipeline'].windows[':table'];
  const from = new Date(Date.now() - 60_000).toISOString();
  const there = async (): Promise<number> => {
    const answer = await windows.$get({
      param: { pipeline: 'beats', table: 'pulse' },
      query: { from, 'key.sensor': PROBE, measures: 'beats', limit: '1000' },
    });
    const { data } = await answer.json();
    return data.reduce((sum, { measures }) => sum + Number(measures['beats']), 0);
  };
  const began: number[] = [];
  const took: number[] = [];
  const end = performance.now() + (SECONDS - 3) * 1_000;
  const send = async (): Promise<void> => {
    const event = { id: randomUUID(), at: Date.now(), sensor: PROBE, value: 1 };
    began.push(performance.now());
    await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(event) }));
  };
  const sending = (async () => {
    for (; performance.now() < end; await wait(Math.random() * 2 * EVERY_MS)) await send();
  })();
  while (performance.now() < end || took.length < began.length) {
    const seen = await there();
    while (took.length < seen) took.push(performance.now() - (began[took.length] ?? Number.NaN));
    await wait(5);
  }
  await sending;
  // the first ones waited for all that begins
  return took.slice(10).sort((a, b) => a - b);
}

function urlOf(worker: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let said = '';
  worker.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    const [, url] = /(http:\/\/[\w.:[\]]+)\/v1\/pipelines/.exec(said) ?? [];
    if (url !== undefined) resolve(url);
  });
  worker.once('exit', () => reject(new Error(`expected where the worker serves; got ${said}`)));
  return promise;
}

function summary(found: ReadonlyMap<number, readonly number[]>): BenchResult {
  const rows = [...found].map(([rate, ms]) => {
    const at = (share: number): number => Math.round(ms[Math.ceil(ms.length * share) - 1] ?? Number.NaN);
    return { rate, probes: ms.length, p50: at(0.5), p99: at(0.99), max: at(1) };
  });
  return {
    table: rows.map(({ rate, probes, p50, p99, max }) => ({
      what: `${rate} events/s`,
      probes,
      'p50 ms': p50,
      'p99 ms': p99,
      'max ms': max,
    })),
    numbers: rows,
    missed: rows
      .filter(({ p99 }) => !(p99 < TARGET_MS))
      .map(({ rate, p99 }) => `${rate} events/s: p99 ${p99} ms; less than ${TARGET_MS} ms`),
  };
}
