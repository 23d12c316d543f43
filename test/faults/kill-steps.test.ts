import { expect, test, vi } from 'vitest';
import type { PostgresProxy } from '../support/postgres-proxy.ts';
import type { SqsProxy } from '../support/sqs-proxy.ts';
import { always, PATIENCE, type Shop, shop } from './shop.ts';

const WARM = 2;
const MESSAGES = 5;
const PACK = 40;
/** Above what is sent, so that the worker asks for more once it has all. */
const CREDIT = 40;
/** Of a worker. */
const CONNECTIONS = 4;
const never = new Promise<never>(() => undefined);

/** How far the engine may have come with the messages when the worker dies. */
interface Step {
  readonly step: string;
  /** Arranges the fault; the promise inside resolves when the step is reached. */
  readonly arrange: (
    shop: Shop,
    received: () => Promise<unknown>,
  ) => Promise<{ readonly reached: Promise<unknown>; readonly heal?: () => Promise<void> }>;
  readonly committed: boolean;
  readonly deleted: boolean;
}

/** What a worker that polls with one poller has received: call it before the first receive. */
function watchReceives(calls: SqsProxy): () => Promise<unknown> {
  let latest = 0;
  let carried = (_nth: number): void => undefined;
  calls.fault('ReceiveMessage', ({ nth }) => (latest = nth) > 0, {
    kind: 'alter',
    change(answer) {
      if (((answer['Messages'] ?? []) as object[]).length > 0) carried(latest);
      return answer;
    },
  });
  // It has read the answer to a receive once it asks for more.
  return async () => {
    const nth = await new Promise<number>((resolve) => (carried = resolve));
    await calls.arrived('ReceiveMessage', nth + 1);
  };
}

/** Nothing reaches Postgres beyond so many bytes of each connection; resolves when the first is silent. */
const stallAll = (statements: PostgresProxy, after: number): Promise<void> =>
  Promise.race(
    Array.from({ length: CONNECTIONS }, () => statements.strike({ direction: 'to-server', after, kind: 'stall' })),
  );

const STEPS: readonly Step[] = [
  {
    step: 'after a receive',
    async arrange({ statements }, received) {
      void stallAll(statements, 0);
      return { reached: received() };
    },
    committed: false,
    deleted: false,
  },
  {
    step: 'before its statement reaches Postgres',
    arrange: async ({ statements }) => ({ reached: stallAll(statements, 0) }),
    committed: false,
    deleted: false,
  },
  {
    step: 'in the middle of sending its statement',
    arrange: async ({ statements }) => ({ reached: stallAll(statements, 500) }),
    committed: false,
    deleted: false,
  },
  {
    step: 'while Postgres runs its statement',
    async arrange({ sql, database }) {
      const lock = await sql.reserve();
      await lock`begin`;
      await lock`lock table product_trade in share mode`;
      const waits = async (): Promise<void> => {
        const [row] = await sql`select count(*)::int as n from pg_stat_activity
          where datname = ${database.name} and application_name = 'scalestream' and wait_event_type = 'Lock'`;
        expect(row?.['n']).toBeGreaterThan(0);
      };
      return {
        reached: vi.waitFor(waits, PATIENCE),
        async heal() {
          await lock`rollback`;
          lock.release();
        },
      };
    },
    committed: false,
    deleted: false,
  },
  {
    step: 'after the commit, before it heard of it',
    async arrange({ calls, statements, counted }) {
      calls.fault('DeleteMessageBatch', always, { kind: 'black-hole' });
      const struck = statements.strike({ direction: 'to-client', after: 0, kind: 'swallow' });
      const before = await counted();
      const committed = async (): Promise<void> => expect(await counted()).toBeGreaterThan(before);
      return { reached: struck.then(() => vi.waitFor(committed, PATIENCE)) };
    },
    committed: true,
    deleted: false,
  },
  {
    step: 'after the commit, before its delete reaches the queue',
    async arrange({ calls }) {
      calls.fault('DeleteMessageBatch', always, { kind: 'black-hole' });
      return { reached: calls.arrived('DeleteMessageBatch', calls.of('DeleteMessageBatch').length + 1) };
    },
    committed: true,
    deleted: false,
  },
  {
    step: 'during a delete that the queue has done',
    async arrange({ calls, left }) {
      calls.fault('DeleteMessageBatch', always, { kind: 'hold', until: never });
      const done = async (): Promise<void> => expect(await left()).toBeLessThan(MESSAGES);
      const asked = calls.arrived('DeleteMessageBatch', calls.of('DeleteMessageBatch').length + 1);
      const actedAndHeld = async (): Promise<void> => {
        await asked;
        await vi.waitFor(done, PATIENCE);
      };
      return { reached: actedAndHeld() };
    },
    committed: true,
    deleted: true,
  },
  {
    step: 'after a delete',
    async arrange({ calls, trade }) {
      const { promise: deleted, resolve } = Promise.withResolvers<void>();
      calls.fault('DeleteMessageBatch', always, {
        kind: 'alter',
        change(answer) {
          resolve();
          return answer;
        },
      });
      // Whoever asks for more has read what came before.
      const wentOn = async (): Promise<void> => {
        await deleted;
        const asked = calls.of('ReceiveMessage').length;
        await trade.send(1);
        await calls.arrived('ReceiveMessage', asked + 1);
      };
      return { reached: wentOn() };
    },
    committed: true,
    deleted: true,
  },
];

test.each(STEPS)('a worker killed $step: each event counts once', { timeout: 120_000 }, async (given) => {
  const open = await shop({ pack: PACK });
  await open.trade.send(WARM);
  const received = watchReceives(open.calls);
  const worker = open.start(['--max-messages', String(CREDIT)]);
  await vi.waitFor(async () => expect(await open.left()).toBe(0), PATIENCE);
  const { reached, heal } = await given.arrange(open, received);
  await open.trade.send(MESSAGES);
  await reached;
  worker.child.kill('SIGKILL');
  expect(await worker.ended).toMatchObject({ signal: 'SIGKILL' });
  const [counted, left] = [await open.counted(), await open.left()];
  expect(counted > WARM * PACK).toBe(given.committed);
  if (given.deleted) expect(left).toBeLessThan(MESSAGES);
  else expect(left).toBe(MESSAGES);
  await heal?.();
  const last = await open.exact();
  // What was committed and not deleted came back, and was known.
  if (given.committed && !given.deleted) expect(last?.duplicates).toBeGreaterThan(0);
});
