import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Connection, connect } from '../src/sinks/postgres/connect.ts';
import { targetOf } from '../src/sinks/postgres/target.ts';
import { postgresDatabase } from '../src/sinks/postgres/postgres.ts';
import type { Bench, BenchOptions, BenchResult } from './bench.ts';
import { command } from './command.ts';
import beats, { LATENESS_MS, WINDOW_MS } from './finality/beats.ts';
import type { BeatTask, Fed } from './finality/feed.ts';
import { openStage, type Scene } from './stage.ts';

const SECONDS = Number(process.env['FINALITY_SECONDS'] ?? 60);
const RATE = Number(process.env['FINALITY_RATE'] ?? 2_000);
const BUSY_SENSORS = 20;
const QUIET_SENSORS = 3;
/** On a quiet stream, so much after the end of a window and the lateness. */
const TARGET_MS = 2_000;
/** Whatever is open longer than that is a failure. */
const PATIENCE_MS = 30_000;

/**
 * How soon is a window final? From its end and the lateness to `final_at`, both by clocks of this machine. A worker as users run it; a busy stream first,
 * then one that ends, then a quiet one: events of the seconds to come are sent at once, and their windows end on a queue that stays empty.
 *
 * Settings: `FINALITY_SECONDS` (60) of each, `FINALITY_RATE` (2000 events a second). It runs once, whatever `--rounds` says.
 */
export const finality: Bench = {
  name: 'finality',
  question: `how long after its end + lateness is a window final, on a busy stream (${RATE} events/s) and on a quiet one?`,
  async run(options) {
    const stage = await openStage();
    try {
      const scene = await stage.scene();
      const found = await measure(scene, options);
      await scene.clear();
      return found;
    } finally {
      await stage.stop();
    }
  },
};

async function measure(scene: Scene, { say }: BenchOptions): Promise<BenchResult> {
  const database = postgresDatabase({ url: scene.databaseUrl, connections: 1 });
  await database.migrate(beats);
  await database.close();
  const observer = connect(targetOf(scene.databaseUrl), { max: 1 });
  const worker = command(scene, [
    'run',
    'bench/finality/beats.ts',
    '--database',
    scene.databaseUrl,
    '--visibility',
    '4s',
  ]);
  try {
    const busy = await feed(scene, { seconds: SECONDS, rate: RATE, sensors: BUSY_SENSORS });
    say(`busy for ${SECONDS} s: fed`);
    await closed(observer, busy.to, worker);
    const quiet = await feed(scene, { seconds: SECONDS, rate: 0, sensors: QUIET_SENSORS });
    say(`quiet from now on, for ${SECONDS + LATENESS_MS / 1_000} s`);
    await closed(observer, quiet.to, worker);
    const due = LATENESS_MS + WINDOW_MS;
    // Windows are due while the stream flows, or after it has ended; the first ones are the worker's start.
    return judged({
      busy: await delays(observer, busy.from, busy.to - due),
      ending: await delays(observer, busy.to - due, quiet.from),
      quiet: await delays(observer, quiet.from, quiet.to),
    });
  } finally {
    worker.kill('SIGTERM');
    if (worker.exitCode === null) await once(worker, 'exit');
    await observer.end();
  }
}

async function feed(scene: Scene, task: Pick<BeatTask, 'seconds' | 'rate' | 'sensors'>): Promise<Fed> {
  const { endpoint, region, queueUrl, accessKeyId, secretAccessKey } = scene;
  const feeder = fork(fileURLToPath(new URL('./finality/feed.ts', import.meta.url)));
  try {
    const fed = once(feeder, 'message') as Promise<[Fed]>;
    feeder.send({ endpoint, region, queueUrl, accessKeyId, secretAccessKey, ...task } satisfies BeatTask);
    return (await fed)[0];
  } finally {
    if (feeder.exitCode === null) await once(feeder, 'exit');
  }
}

/** Waits until every window that begins before an instant is final. */
async function closed(observer: Connection, until: number, worker: ChildProcess): Promise<void> {
  const patience = until + WINDOW_MS + LATENESS_MS + PATIENCE_MS;
  for (;;) {
    await wait(500);
    if (worker.exitCode !== null) throw new Error(`the worker ended with ${worker.exitCode}`);
    if (Date.now() < until + WINDOW_MS + LATENESS_MS) continue;
    const [row] = await observer.run<{ open: number }>(
      'select count(*) filter (where final_revision is null)::int as open from pulse',
    );
    if (row?.open === 0) return;
    if (Date.now() > patience) throw new Error(`${row?.open} windows are still open after ${PATIENCE_MS} ms`);
  }
}

/** From end + lateness to final, in ascending order, of the windows that begin between two instants: one value a window, whatever its keys. */
async function delays(observer: Connection, from: number, to: number): Promise<number[]> {
  const rows = await observer.run<{ ms: number }>(
    `select (extract(epoch from max(final_at) - window_start) * 1000)::float8 - $3::text::float8 as ms from pulse
     where window_start >= to_timestamp($1::text::float8 / 1000) and window_start < to_timestamp($2::text::float8 / 1000) group by window_start order by 1`,
    [String(from), String(to), String(WINDOW_MS + LATENESS_MS)],
  );
  return rows.map(({ ms }) => ms);
}

function judged(found: Readonly<Record<'busy' | 'ending' | 'quiet', readonly number[]>>): BenchResult {
  const numbers = Object.fromEntries(Object.entries(found).map(([name, ms]) => [name, summary(ms)]));
  const names = { busy: `busy: ${RATE} events/s`, ending: 'as the stream ends', quiet: 'quiet: an empty queue' };
  const table = Object.entries(numbers).map(([name, { windows, p50, p99, max }]) => ({
    what: names[name as keyof typeof names],
    windows,
    'p50 ms': p50,
    'p99 ms': p99,
    'max ms': max,
  }));
  const quiet = numbers['quiet']?.p99 ?? Number.NaN;
  return { table, numbers, missed: quiet < TARGET_MS ? [] : [`quiet: p99 ${quiet} ms; less than ${TARGET_MS} ms`] };
}

/** @param ms in ascending order. */
function summary(ms: readonly number[]) {
  const at = (share: number): number => Math.round(ms[Math.ceil(ms.length * share) - 1] ?? Number.NaN);
  return { windows: ms.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}
