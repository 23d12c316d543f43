import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Bench, BenchOptions, BenchResult } from './bench.ts';
import type { Answer, Task } from './hopping/contender.ts';
import type { Kind } from './hopping/tables.ts';
import { median } from './median.ts';
import { cpuOf } from './processes.ts';
import { openStage, type Stage } from './stage.ts';

const EVENTS = 300_000;

const CONTENDERS: readonly { readonly kind: Kind; readonly what: string }[] = [
  { kind: 'tumbling', what: 'tumbling: a row a minute' },
  { kind: 'hopping', what: 'hopping: a pane every 10 s, in six windows' },
  { kind: 'rows', what: 'the same windows, each a row' },
];

/** One run; CPU in microseconds. */
interface Run {
  readonly worker: number;
  readonly postgres: number;
  readonly closing: number;
  readonly windows: number;
  readonly readMs: number;
}

/** What hopping windows cost where panes are stored once and windows are merged on read, beside windows that do not overlap and beside a row for each window. */
export const hopping: Bench = {
  name: 'hopping',
  question: `what do windows of six panes cost beside those of one, and beside six rows an event? (${EVENTS} events, 1,000 products)`,
  async run(options) {
    const stage = await openStage();
    try {
      return summary(await inTurns(stage, options));
    } finally {
      await stage.stop();
    }
  },
};

async function inTurns(stage: Stage, { rounds, say, only }: BenchOptions): Promise<Map<Kind, Run[]>> {
  const contenders = CONTENDERS.filter(({ kind }) => only?.includes(kind) ?? true);
  const runs = new Map<Kind, Run[]>(contenders.map(({ kind }) => [kind, []]));
  for (let round = 0; round < rounds; round++) {
    // There and back, so that none always follows the same one.
    for (const { kind } of round % 2 === 0 ? contenders : contenders.toReversed()) {
      const run = await measured(stage, kind);
      runs.get(kind)?.push(run);
      say(
        `round ${round + 1}: ${kind}: ${(run.worker / EVENTS).toFixed(2)} + ${(run.postgres / EVENTS).toFixed(2)} µs an event`,
      );
    }
  }
  return runs;
}

/** A run in a process and a database of its own. */
async function measured(stage: Stage, kind: Kind): Promise<Run> {
  const scene = await stage.scene();
  const child = fork(fileURLToPath(new URL('./hopping/contender.ts', import.meta.url)));
  const postgres = (): number => cpuOf(stage.database.pid) ?? Number.NaN;
  const answer = async <P extends Answer['phase']>(send: Task | 'go'): Promise<Answer & { readonly phase: P }> => {
    const answered = Promise.race([
      once(child, 'message') as Promise<[Answer & { readonly phase: P }]>,
      once(child, 'exit').then(([code]) => Promise.reject(new Error(`'${kind}' ended with ${String(code)}`))),
    ]);
    child.send(send);
    return (await answered)[0];
  };
  try {
    await answer({ url: scene.databaseUrl, kind, events: EVENTS });
    const began = postgres();
    const { cpuMicros } = await answer<'filled'>('go');
    const filled = postgres();
    const { windows } = await answer<'closed'>('go');
    const closed = postgres();
    const { milliseconds } = await answer<'read'>('go');
    child.send('go');
    return { worker: cpuMicros, postgres: filled - began, closing: closed - filled, windows, readMs: milliseconds };
  } finally {
    if (child.exitCode === null) await once(child, 'exit');
    await scene.clear();
  }
}

function summary(runs: Map<Kind, Run[]>): BenchResult {
  const rounded = (value: number): number => Number(value.toFixed(2));
  const numbers = Object.fromEntries(
    [...runs].map(([kind, each]) => {
      const middle = (of: (run: Run) => number): number => rounded(median(each.map(of)));
      return [
        kind,
        {
          workerMicrosPerEvent: middle((run) => run.worker / EVENTS),
          postgresMicrosPerEvent: middle((run) => run.postgres / EVENTS),
          closingMicrosPerWindow: middle((run) => run.closing / run.windows),
          windows: middle((run) => run.windows),
          readMs: middle((run) => run.readMs),
        },
      ];
    }),
  );
  const table = CONTENDERS.flatMap(({ kind, what }) => {
    const found = numbers[kind];
    if (!found) return [];
    return [
      {
        what,
        'worker µs/event': found.workerMicrosPerEvent,
        'Postgres µs/event': found.postgresMicrosPerEvent,
        windows: found.windows,
        'closing µs/window': found.closingMicrosPerWindow,
        'read 1,000, ms': found.readMs,
      },
    ];
  });
  return { table, numbers, missed: [] };
}
