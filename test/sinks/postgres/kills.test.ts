import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Store } from '../../../src/index.ts';
import { type LocalDatabase, startLocalDatabase } from '../../../src/local/database.ts';
import { message } from '../../support/message.ts';
import { order, orderPipeline, orders, run, trade } from '../../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../../support/postgres-place.ts';
import { shuffled } from '../../contracts/shuffled.ts';

const pipeline = orderPipeline();
const WORKERS = 4;
const values = Array.from({ length: 400 }, (_, n) =>
  order(`order ${n}`, { at: (n % 5) * 10_000, product: `product ${n % 7}`, cents: n }),
);

/** Every worker flushes all orders, each in its own order and in batches of 20; `strike` is called after each batch, and awaited. */
async function flushUnderFire(place: PostgresPlace, strike: (batch: number) => Promise<unknown>): Promise<void> {
  const stores = await Promise.all(Array.from({ length: WORKERS }, (_, n) => place.open(pipeline, `worker ${n}`)));
  let batches = 0;
  let committed = 0;
  const work = async (store: Store, worker: number): Promise<void> => {
    const mine = shuffled(values, worker + 1);
    for (let at = 0; at < mine.length; at += 20) {
      const totals = await run(pipeline, store, [[message(JSON.stringify(mine.slice(at, at + 20)))]]);
      committed += totals.committed;
      batches += 1;
      // Not awaited before the next batch begins: it shall meet statements under way.
      strikes.push(strike(batches));
    }
  };
  const strikes: Promise<unknown>[] = [];
  await Promise.all(stores.map(work));
  await Promise.all(strikes);
  // What was committed without an answer is told as duplicates.
  expect(committed).toBeLessThanOrEqual(values.length);
  expect(await place.events(orders)).toBe(values.length);
  const rows = await place.windows(trade);
  const total = (column: string): number => rows.reduce((sum, row) => sum + Number(row[column]), 0);
  expect([total('orders'), total('cents')]).toEqual([values.length, values.reduce((sum, { cents }) => sum + cents, 0)]);
}

test('backends terminated all the time, busy or idle: every flush ends, every event counts once', async () => {
  const place = await postgresPlace();
  let terminated = 0;
  await flushUnderFire(place, async (batch) => {
    const [row] = await place.query<{ n: string }>(`
      select count(*) filter (where pg_terminate_backend(pid)) as n from (
        select pid from pg_stat_activity where datname = current_database() and application_name = 'scalestream'
        order by ${batch % 2 === 0 ? "state = 'active' desc," : ''} random() limit 2) victims`);
    terminated += Number(row?.n);
  });
  expect(terminated).toBeGreaterThan(WORKERS * 10);
  await place.close();
});

describe('on a server of its own', () => {
  let server: LocalDatabase;
  beforeAll(async () => {
    server = await startLocalDatabase();
  });
  afterAll(() => server.stop());

  test('a server that crashes and recovers again and again: every flush ends, every event counts once', async () => {
    const place = await postgresPlace(server.url);
    let crashes = 0;
    await flushUnderFire(place, async (batch) => {
      if (batch % 16 !== 0) return;
      // Postgres takes the sudden death of one backend for corrupted memory: it ends all of them and recovers from its log.
      const victims = await place.query<{ pid: number }>(
        `select pid from pg_stat_activity where datname = current_database() and application_name = 'scalestream' limit 1`,
      );
      for (const { pid } of victims) if (killed(pid)) crashes += 1;
    });
    expect(crashes).toBeGreaterThan(0);
    await place.close();
  });
});

/** Whether there still was such a backend: between the question and the kill it may have ended. */
function killed(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
