import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { cpuOf, rssOf } from '../processes.ts';
import type { Probed } from './probe.ts';

/** What the system and the worker's probe say of it at one moment. */
export interface WorkerSample extends Probed {
  /** Since the worker began. */
  readonly seconds: number;
  readonly rssMb: number;
  readonly descriptors: number;
  readonly sockets: number;
  readonly threads: number;
}

/** What a worker says at its end. */
export interface WorkerReport {
  readonly committed: number;
  readonly duplicates: number;
  readonly rejected: number;
  readonly messages: number;
  readonly redelivered: number;
  readonly released: number;
  readonly lost: number;
}

/** A worker process from its start to its end. */
export interface WorkerLife {
  readonly name: string;
  readonly samples: readonly WorkerSample[];
  sample(): void;
  /** SIGTERM; resolves to what the worker said last, the seconds its end took, and the CPU seconds it used. */
  stop(): Promise<
    WorkerReport & { readonly stderr: string; readonly stopSeconds: number; readonly cpuSeconds: number }
  >;
  /** Ends it at once, if it is there. */
  kill(): void;
}

/** Starts `scalestream run` of the storefront, as a user does. Linux only: it reads `/proc`. */
export function workerLife(name: string, settings: Readonly<Record<string, string>>): WorkerLife {
  const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
  const pipeline = fileURLToPath(new URL('../../src/pipelines/storefront.ts', import.meta.url));
  const PATH = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
  const child: ChildProcess = spawn(main, ['run', pipeline, '--worker', name, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, ...settings, PATH, NODE_OPTIONS: `--import ${new URL('./probe.ts', import.meta.url).href}` },
  });
  const ended = once(child, 'exit');
  const out = text(child.stdout as NodeJS.ReadableStream);
  const err = text(child.stderr as NodeJS.ReadableStream);
  const started = performance.now();
  const pid = child.pid ?? 0;
  const samples: WorkerSample[] = [];
  let probed: Probed = { heapMb: Number.NaN, resources: Number.NaN, listeners: Number.NaN };
  child.on('message', (said) => (probed = said as Probed));
  return {
    name,
    samples,
    sample() {
      const rss = rssOf(pid);
      if (rss === undefined || child.exitCode !== null) return;
      if (child.connected) child.send('look');
      if (Number.isNaN(probed.heapMb)) return; // its first answer is on its way
      samples.push({
        seconds: (performance.now() - started) / 1_000,
        rssMb: rss / 2 ** 20,
        ...descriptorsOf(pid),
        threads: threadsOf(pid),
        ...probed,
      });
    },
    async stop() {
      const cpuSeconds = (cpuOf(pid) ?? Number.NaN) / 1_000_000;
      const asked = performance.now();
      child.kill('SIGTERM');
      const [code] = (await ended) as [number | null];
      const stderr = await err;
      if (code !== 0) throw new Error(`worker ${name} ended with ${code}: ${stderr.slice(-500)}`);
      const report = JSON.parse((await out).trim().split('\n').at(-1) ?? '') as WorkerReport;
      return { ...report, stderr, stopSeconds: (performance.now() - asked) / 1_000, cpuSeconds };
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

function descriptorsOf(pid: number): { readonly descriptors: number; readonly sockets: number } {
  const folder = `/proc/${pid}/fd`;
  const names = attempt(() => readdirSync(folder)) ?? [];
  const sockets = names.filter((name) => attempt(() => readlinkSync(`${folder}/${name}`))?.startsWith('socket:'));
  return { descriptors: names.length, sockets: sockets.length };
}

const threadsOf = (pid: number): number =>
  Number(/^Threads:\s+(\d+)$/m.exec(attempt(() => readFileSync(`/proc/${pid}/status`, 'utf8')) ?? '')?.[1]);

/** A process may end, and a descriptor be closed, between two looks. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
