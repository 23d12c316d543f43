import autocannon from 'autocannon';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import storefront from '../src/pipelines/storefront.ts';
import type { Bench, BenchOptions, BenchResult } from './bench.ts';
import { runContender } from './contender.ts';
import { median } from './median.ts';
import { openStage } from './stage.ts';
import { trafficTexts } from './traffic.ts';
import type { ServingTask } from './serving/task.ts';

const EVENTS = 100_000;
const PACK = 500;
const CONNECTIONS = 50;
const SECONDS = 6;
const TARGET = 0.8;
const QUESTION = `/v1/pipelines/${storefront.name}/windows/product_trade?limit=100`;

interface Run {
  readonly perSecond: number;
  readonly p99: number;
}

/** What the windows endpoint takes, beside a Hono route that returns a constant string of the same size: in turns, each server a process of its own. */
export const serving: Bench = {
  name: 'serving',
  question: `how many requests a second does the windows endpoint answer? (100 windows, ${CONNECTIONS} connections, one process)`,
  async run(options) {
    const stage = await openStage();
    try {
      const scene = await stage.scene();
      const messages = await scene.fill(trafficTexts(EVENTS), PACK);
      await runContender('engine', stage, scene, { events: EVENTS, messages });
      return await beside(scene.databaseUrl, options);
    } finally {
      await stage.stop();
    }
  },
};

async function beside(databaseUrl: string, { rounds, say }: BenchOptions): Promise<BenchResult> {
  const children: ChildProcess[] = [];
  const start = async (task: ServingTask): Promise<string> => {
    const child = fork(fileURLToPath(new URL('./serving/server.ts', import.meta.url)));
    children.push(child);
    child.send(task);
    return ((await once(child, 'message')) as [string])[0];
  };
  try {
    const windows = await start({ databaseUrl });
    const { length: bytes } = await (await fetch(windows + QUESTION)).text();
    const urls = { windows, constant: await start({ bytes }) };
    const runs: Record<keyof typeof urls, Run[]> = { windows: [], constant: [] };
    const names = Object.keys(urls) as (keyof typeof urls)[];
    for (const name of names) await load(urls[name] + QUESTION, 2);
    for (let round = 0; round < rounds; round++) {
      for (const name of round % 2 === 0 ? names : names.toReversed()) {
        const run = await load(urls[name] + QUESTION, SECONDS);
        runs[name].push(run);
        say(`round ${round + 1}: ${name}: ${Math.round(run.perSecond)} requests/s, p99 ${run.p99} ms`);
      }
    }
    return summary(runs, bytes);
  } finally {
    for (const child of children) {
      child.disconnect();
      if (child.exitCode === null) await once(child, 'exit');
    }
  }
}

async function load(url: string, duration: number): Promise<Run> {
  const { requests, latency, non2xx, errors } = await autocannon({ url, connections: CONNECTIONS, duration });
  if (non2xx + errors > 0) throw new Error(`expected answers of 200; got ${non2xx} others and ${errors} errors`);
  return { perSecond: requests.average, p99: latency.p99 };
}

function summary(runs: Record<'windows' | 'constant', readonly Run[]>, bytes: number): BenchResult {
  const of = (each: readonly Run[]) => ({
    requestsPerSecond: Math.round(median(each.map(({ perSecond }) => perSecond))),
    p99Ms: median(each.map(({ p99 }) => p99)),
  });
  const ratio = median(runs.windows.map(({ perSecond }, i) => perSecond / (runs.constant[i]?.perSecond ?? Number.NaN)));
  const numbers = { windows: of(runs.windows), constant: of(runs.constant), ratio: Number(ratio.toFixed(2)), bytes };
  return {
    table: [
      {
        what: `windows (${bytes} bytes)`,
        'requests/s': numbers.windows.requestsPerSecond,
        'p99 ms': numbers.windows.p99Ms,
        'of constant': numbers.ratio,
      },
      {
        what: 'constant string',
        'requests/s': numbers.constant.requestsPerSecond,
        'p99 ms': numbers.constant.p99Ms,
        'of constant': 1,
      },
    ],
    numbers,
    missed: ratio >= TARGET ? [] : [`windows: ${numbers.ratio} of a constant string; at least ${TARGET}`],
  };
}
