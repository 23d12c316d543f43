import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Store } from '../../../src/index.ts';
import { message, SENT_AT } from '../../support/message.ts';
import { order, orderPipeline, orders, run, trade } from '../../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../../support/postgres-place.ts';

const DAY = 86_400_000;
const pipeline = orderPipeline();
const deliver = (store: Store, days: readonly number[], name = 'order') =>
  run(pipeline, store, [[message(JSON.stringify(days.map((day) => order(`${name} ${day}`, { at: day * DAY }))))]]);

let place: PostgresPlace;
beforeEach(async () => {
  place = await postgresPlace();
});
afterEach(() => place.close());

const partitions = async (): Promise<string[]> => {
  const rows = await place.query<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'orders'::regclass order by 1`,
  );
  return rows.map(({ name }) => name);
};

test('today and tomorrow have their partitions from the beginning; other days get theirs with their first event', async () => {
  const store = await place.open(pipeline);
  const ahead = await partitions();
  const dayOf = (time: number): string => `orders_${new Date(time).toISOString().slice(0, 10).replaceAll('-', '')}`;
  expect(ahead).toHaveLength(2);
  // the test may run across a midnight
  expect([dayOf(Date.now()), dayOf(Date.now() - DAY)]).toContain(ahead[0]);
  await deliver(store, [-365, 0]);
  expect(await partitions()).toEqual(['orders_20250101', 'orders_20260101', ...ahead].sort());
});

test('midnight belongs to the day it begins, whatever the time zone of the server', async () => {
  await place.query(`alter database ${new URL(place.url).pathname.slice(1)} set timezone = 'Pacific/Kiritimati'`);
  const store = await place.open(pipeline);
  await deliver(store, [0, 1 - 1 / DAY]);
  expect(await place.query('select count(*) as n from orders_20260101')).toEqual([{ n: '2' }]);
});

test('a partition dropped beneath a running worker is made again', async () => {
  const store = await place.open(pipeline);
  await deliver(store, [-3]);
  await place.query('drop table orders_20251229');
  expect(await deliver(store, [-3], 'later')).toMatchObject({ committed: 1 });
  expect(await place.query('select event_id from orders')).toEqual([{ event_id: 'later -3' }]);
});

test('a partition dropped and made again and again while workers flush into it loses no event', async () => {
  const stores = await Promise.all(['a', 'b'].map((worker) => place.open(pipeline, worker)));
  let flushing = true;
  const work = stores.map(async (store, worker) => {
    for (let round = 0; round < 15; round++) await deliver(store, [-3], `${worker}/${round}`);
  });
  const done = Promise.all(work).finally(() => (flushing = false));
  let drops = 0;
  while (flushing) {
    await place.query('drop table if exists orders_20251229');
    drops += 1;
  }
  await done;
  expect(drops).toBeGreaterThan(1);
  // The raw events went with their partitions; what they were counted in stayed.
  expect(await place.windows(trade)).toMatchObject([{ orders: '30' }]);
});

test('a long reader of the table holds up neither new partitions nor flushes', async () => {
  const store = await place.open(pipeline);
  await deliver(store, [0]);
  const reader = place.session();
  await reader('begin; select count(*) from orders');
  expect(await deliver(store, [0, -40, -41], 'more')).toMatchObject({ committed: 3 });
  await reader('commit');
  expect(await place.events(orders)).toBe(4);
});

test('workers that need the same new days at once make each once', async () => {
  const stores = await Promise.all(Array.from({ length: 8 }, (_, n) => place.open(pipeline, `worker ${n}`)));
  const days = Array.from({ length: 12 }, (_, n) => -100 - n);
  await Promise.all(stores.map((store, n) => deliver(store, n % 2 === 0 ? days : days.toReversed(), `from ${n}`)));
  expect(await place.events(orders)).toBe(8 * 12);
  expect((await partitions()).filter((name) => name.startsWith('orders_2025'))).toHaveLength(12);
});

test('a foreign table with the name of a partition stops the worker with the name in its message', async () => {
  const store = await place.open(pipeline);
  await place.query('create table orders_20251201 (something int)');
  await expect(deliver(store, [-31])).rejects.toMatchObject({
    failure: 'fatal',
    message: expect.stringMatching(/orders_20251201/),
  });
  expect(new Date(SENT_AT - 31 * DAY).toISOString()).toContain('2025-12-01');
});
