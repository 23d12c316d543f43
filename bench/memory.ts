import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as wait } from 'node:timers/promises';
import storefront from '../src/pipelines/storefront.ts';
import { postgresDatabase } from '../src/sinks/postgres/postgres.ts';
import type { Bench, BenchOptions, BenchResult } from './bench.ts';
import type { FeedTask } from './feed.ts';
import { familyOf, rssOf } from './processes.ts';
import { openStage, type Scene, type Stage } from './stage.ts';

const EVENTS = 2_000_000;
const PACK = 500;
/** Messages that may wait in the queue: a real backlog, but one that the embedded queue carries. */
const BACKLOG = 1_000;
/** V8 has compiled and sized its heap by then. */
const WARM_UP = 400_000;
/** The database freezes when so much is committed. */
const FREEZE_AT = 1_000_000;
const FREEZE_MS = 30_000;
const SAMPLE_MS = 250;
const MAX_GROWTH = 15;
const MAX_MB = 400;

/** Resident memory of one worker through a long backlog, with the database frozen in the middle. Linux only: it reads `/proc`. */
export const memory: Bench = {
  name: 'memory',
  question: `does a worker's memory stay flat through ${EVENTS} events, with Postgres frozen for ${FREEZE_MS / 1_000} s in the middle?`,
  async run(options) {
    const stage = await openStage();
    try {
      return await measure(stage, options);
    } finally {
      await stage.stop();
    }
  },
};

async function measure(stage: Stage, { say }: BenchOptions): Promise<BenchResult> {
  const scene = await stage.scene();
  const database = postgresDatabase({ url: scene.databaseUrl, connections: 1 });
  await database.migrate(storefront);
  const feeder = fork(fileURLToPath(new URL('./feed.ts', import.meta.url)));
  const { endpoint, region, queueUrl, accessKeyId, secretAccessKey } = scene;
  const task: FeedTask = {
    endpoint,
    region,
    queueUrl,
    accessKeyId,
    secretAccessKey,
    events: EVENTS,
    pack: PACK,
    backlog: BACKLOG,
  };
  feeder.send(task);
  const fed = once(feeder, 'message');
  const worker = startWorker(scene);
  const output = text(worker.stdout as NodeJS.ReadableStream);
  const ended = once(worker, 'exit');
  const samples: { readonly committed: number; readonly rss: number; readonly frozen: boolean }[] = [];
  const sample = (committed: number, frozen = false): void => {
    const rss = rssOf(worker.pid ?? 0);
    if (rss !== undefined) samples.push({ committed, rss, frozen });
  };
  let stored = 0;
  try {
    let committed = 0;
    let frozen = false;
    while (worker.exitCode === null && committed < EVENTS) {
      await wait(SAMPLE_MS);
      const [row] = await database.connection.run<{ n: string }>(
        'select coalesce(sum(committed), 0) as n from scalestream.workers',
      );
      committed = Number(row?.n);
      sample(committed);
      if (frozen || committed < FREEZE_AT) continue;
      frozen = true;
      say(`${committed} events committed: freezing Postgres`);
      await freeze(stage, () => sample(committed, true));
    }
    // What a frozen statement committed after all, its worker counts as duplicates: the database knows.
    stored = committed;
    await fed;
    worker.kill('SIGTERM');
    await ended;
  } finally {
    worker.kill('SIGKILL');
    feeder.kill('SIGKILL');
    await database.close();
  }
  const report = JSON.parse((await output).trim().split('\n').at(-1) ?? '{}') as Report;
  await scene.clear();
  return judged(samples, stored, report);
}

/** The command that a user runs. */
function startWorker({ databaseUrl, endpoint, region, queue, accessKeyId, secretAccessKey }: Scene): ChildProcess {
  const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
  const pipeline = fileURLToPath(new URL('../src/pipelines/storefront.ts', import.meta.url));
  const flags = ['--queue', queue, '--database', databaseUrl, '--endpoint', endpoint, '--region', region, '--json'];
  const PATH = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
  return spawn(main, ['run', pipeline, ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PATH, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
  });
}

/** Stops every process of Postgres in its tracks: it neither answers nor closes, the worst way to fail. */
async function freeze(stage: Stage, meanwhile: () => void): Promise<void> {
  const pids = familyOf(stage.database.pid);
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  try {
    for (const until = performance.now() + FREEZE_MS; performance.now() < until; ) {
      await wait(SAMPLE_MS);
      meanwhile();
    }
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  }
}

interface Report {
  readonly duplicates: number;
  readonly messages: number;
  readonly redelivered: number;
}

function judged(
  samples: readonly { committed: number; rss: number; frozen: boolean }[],
  stored: number,
  report: Report,
): BenchResult {
  const mb = (bytes: number): number => Math.round(bytes / 2 ** 20);
  const highest = (of: typeof samples): number => Math.max(0, ...of.map(({ rss }) => rss));
  const warm = highest(samples.filter(({ committed }) => committed <= WARM_UP));
  const peak = highest(samples);
  const growth = Number((((peak - warm) / warm) * 100).toFixed(1));
  const { duplicates, redelivered } = report;
  const numbers = {
    warmMb: mb(warm),
    frozenMb: mb(highest(samples.filter(({ frozen }) => frozen))),
    peakMb: mb(peak),
    growth,
    stored,
    duplicates,
    redelivered,
  };
  const missed = [
    ...(growth <= MAX_GROWTH ? [] : [`grew by ${growth} % after warm-up; at most ${MAX_GROWTH} %`]),
    ...(mb(peak) < MAX_MB ? [] : [`${mb(peak)} MB; less than ${MAX_MB} MB`]),
    ...(stored === EVENTS ? [] : [`${stored} events committed; expected ${EVENTS}`]),
    // Not one message, held or waiting, was delivered a second time.
    ...(redelivered === 0 ? [] : [`${redelivered} messages were received again; expected none`]),
  ];
  const table = [
    { what: `highest RSS in the first ${WARM_UP} events`, value: `${numbers.warmMb} MB` },
    { what: 'highest RSS while Postgres was frozen', value: `${numbers.frozenMb} MB` },
    { what: 'highest RSS', value: `${numbers.peakMb} MB` },
    { what: 'growth after warm-up', value: `${growth} %` },
    { what: 'messages received more than once', value: redelivered },
  ];
  return { table, numbers, missed };
}
