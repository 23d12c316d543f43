import { expect, test } from 'vitest';
import { MICROS_PER_DAY } from '../../../src/event-time.ts';
import { message } from '../../support/message.ts';
import { order, orderPipeline, orders, run } from '../../support/orders.ts';
import { postgresPlace } from '../../support/postgres-place.ts';

const DAY_MS = MICROS_PER_DAY / 1_000;

test('a database whose default isolation is another changes nothing: workers that need the same new days at once make each once', async () => {
  const place = await postgresPlace();
  const [row] = await place.query<{ name: string }>('select current_database() as name');
  await place.query(`alter database "${row?.name}" set default_transaction_isolation = 'repeatable read'`);
  const pipeline = orderPipeline();
  const stores = await Promise.all([1, 2, 3, 4].map((n) => place.open(pipeline, `worker ${n}`)));
  const values = Array.from({ length: 15 }, (_, n) => order(`${n}`, { at: -n * DAY_MS }));
  const work = stores.map(async (store) => {
    for (const value of values) await run(pipeline, store, [[message(JSON.stringify(value))]]);
  });
  await Promise.all(work);
  expect(await place.events(orders)).toBe(15);
  await place.close();
});

test('events of more days than a server can lock are committed, some at a time', async () => {
  const place = await postgresPlace();
  const pipeline = orderPipeline();
  const store = await place.open(pipeline);
  const values = Array.from({ length: 450 }, (_, n) => order(`${n}`, { at: -n * DAY_MS }));
  expect(await run(pipeline, store, [[message(JSON.stringify(values))]])).toMatchObject({ committed: 450 });
  await place.close();
});
