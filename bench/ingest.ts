import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { CreateQueueCommand, DeleteQueueCommand } from '@aws-sdk/client-sqs';
import { type LocalQueue, startLocalQueue } from '../src/local/queue.ts';
import { sqsClient } from '../src/producer/sqs-client.ts';
import type { Bench, BenchOptions, BenchResult } from './bench.ts';
import type { Load, LoadTask, ServerTask } from './ingest/task.ts';
import { median } from './median.ts';
import { cpuOf } from './processes.ts';

const CONNECTIONS = 32;
const SIZES = [
  { events: 100, requests: 4_000 },
  { events: 1, requests: 10_000 },
];
const CONTENDERS = ['api', 'bare'] as const;
/** Events in requests of 100, a second of CPU. */
const LEAST = 20_000;

interface Run extends Load {
  readonly eventsPerSecond: number;
  readonly cpuMicros: number;
}

/** What it costs to take events in by HTTP, beside a handler that does nothing but hand them on. */
export const ingest: Bench = {
  name: 'ingest',
  question: `how many events a second come in by HTTP, and what does one cost? (${CONNECTIONS} connections, one process)`,
  async run(options) {
    const queue = await startLocalQueue();
    try {
      return summary(await inTurns(queue, options));
    } finally {
      await queue.stop();
    }
  },
};

type Name = `${(typeof CONTENDERS)[number]}, ${string}`;

async function inTurns(queue: LocalQueue, { rounds, say, only }: BenchOptions): Promise<Map<Name, Run[]>> {
  const contenders = CONTENDERS.filter((name) => only?.includes(name) ?? true);
  const runs = new Map<Name, Run[]>();
  for (const { events, requests } of SIZES) {
    for (let round = 0; round < rounds; round++) {
      // There and back, so that none always follows the same one.
      for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
        const run = await measured(queue, contender, { events, requests, connections: CONNECTIONS });
        const name: Name = `${contender}, ${events} a request`;
        runs.set(name, [...(runs.get(name) ?? []), run]);
        say(
          `round ${round + 1}: ${name}: ${Math.round(run.eventsPerSecond)} events/s, ${run.cpuMicros.toFixed(1)} µs of CPU an event`,
        );
      }
    }
  }
  return runs;
}

/** A run of a server and of who sends, in processes and with a queue of their own. */
async function measured(local: LocalQueue, contender: string, load: Omit<LoadTask, 'url'>): Promise<Run> {
  const { endpoint, region, accessKeyId, secretAccessKey } = local;
  const client = sqsClient({ endpoint, region, credentials: local }, { sockets: 1, attempts: 3 });
  const queue = 'ingest';
  const { QueueUrl: queueUrl = '' } = await client.send(new CreateQueueCommand({ QueueName: queue }));
  const server = fork(fileURLToPath(new URL(`./ingest/${contender}.ts`, import.meta.url)));
  const sender = fork(fileURLToPath(new URL('./ingest/load.ts', import.meta.url)));
  try {
    const task: ServerTask = { endpoint, region, queue, queueUrl, accessKeyId, secretAccessKey };
    const url = (await answer(server, task)) as string;
    await answer(sender, { url, ...load } satisfies LoadTask);
    const before = cpuOf(server.pid ?? 0) ?? Number.NaN;
    const result = (await answer(sender, 'go')) as Load;
    const cpu = (cpuOf(server.pid ?? 0) ?? Number.NaN) - before;
    const events = load.requests * load.events;
    return { ...result, eventsPerSecond: events / result.seconds, cpuMicros: cpu / events };
  } finally {
    for (const child of [sender, server]) {
      if (child.connected) child.disconnect();
      if (child.exitCode === null) await once(child, 'exit');
    }
    await client.send(new DeleteQueueCommand({ QueueUrl: queueUrl }));
    client.destroy();
  }
}

async function answer(child: ChildProcess, message: object | string): Promise<unknown> {
  const answered = Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`a process ended with ${String(code)}`))),
  ]);
  child.send(message);
  return ((await answered) as unknown[])[0];
}

function summary(runs: ReadonlyMap<Name, readonly Run[]>): BenchResult {
  const numbers = Object.fromEntries(
    [...runs].map(([name, each]) => {
      const middle = (of: (run: Run) => number): number => Number(median(each.map(of)).toFixed(1));
      return [
        name,
        {
          eventsPerSecond: Math.round(middle((run) => run.eventsPerSecond)),
          cpuSecondsPerMillion: middle((run) => run.cpuMicros),
          p50Ms: middle((run) => run.p50),
          p99Ms: middle((run) => run.p99),
        },
      ];
    }),
  );
  const table = Object.entries(numbers).map(([what, found]) => {
    const bare = numbers[what.replace('api', 'bare')];
    const ratio = bare ? found.cpuSecondsPerMillion / bare.cpuSecondsPerMillion : Number.NaN;
    return {
      what,
      'events/s': found.eventsPerSecond,
      'CPU s/million': found.cpuSecondsPerMillion,
      'p50 ms': found.p50Ms,
      'p99 ms': found.p99Ms,
      'CPU, bare = 1': Number.isNaN(ratio) ? '–' : ratio.toFixed(2),
    };
  });
  const cost = numbers['api, 100 a request']?.cpuSecondsPerMillion;
  const missed =
    cost === undefined || 1_000_000 / cost >= LEAST
      ? []
      : [`${Math.round(1_000_000 / cost)} events a second of CPU in requests of 100; at least ${LEAST}`];
  return { table, numbers, missed };
}
