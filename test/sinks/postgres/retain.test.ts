import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Pipeline, type Store, snapshot, verify } from '../../../src/index.ts';
import type { Dropped } from '../../../src/dropped.ts';
import { message, SENT_AT } from '../../support/message.ts';
import { order, orderPipeline, orders, run, trade } from '../../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../../support/postgres-place.ts';

const DAY = 86_400_000;
const pipeline = { ...orderPipeline(), events: { ...orders, keepDays: 3 } };
const today = Math.floor(Date.now() / DAY) * DAY;

let place: PostgresPlace;
beforeEach(async () => {
  place = await postgresPlace();
});
afterEach(() => place.close());

const deliver = (store: Store, ...days: readonly number[]) => {
  const events = days.map((day) => order(`order ${day}`, { at: today + day * DAY + 1 - SENT_AT }));
  return run(pipeline, store, [[message(JSON.stringify(events), { sentAt: today })]]);
};
const partitions = async (): Promise<string[]> =>
  (
    await place.query<{ name: string }>(
      `select relname as name from pg_class where relkind = 'r' and relname like 'orders\\_2%' order by 1`,
    )
  ).map(({ name }) => name);
const dayOf = (day: number): string =>
  `orders_${new Date(today + day * DAY).toISOString().slice(0, 10).replaceAll('-', '')}`;
/** As if days had passed: what was accepted then is behind the horizon now. */
const setHorizonBack = async (days: number): Promise<void> => {
  await place.open(pipeline);
  await place.query(`update scalestream.tables set horizon = horizon - interval '${days} days' where name = 'orders'`);
};

test('days behind the retention are dropped with their events, others stay; their windows stay and are no longer verified', async () => {
  await setHorizonBack(30);
  const store = await place.open(pipeline);
  await expect(deliver(store, -10, -9, -1)).resolves.toMatchObject({ committed: 3 });
  await store.time.retain();
  expect(await partitions()).toEqual([dayOf(-1), dayOf(0), dayOf(1)]);
  expect(await place.events(orders)).toBe(1);
  expect(await place.windows(trade)).toHaveLength(3);
  expect(await snapshot(place.url, pipeline, (view) => verify(pipeline, view))).toMatchObject({
    equal: true,
    events: 1,
    windows: 1,
  });
  await expect(deliver(store, -10, -1, 0)).resolves.toMatchObject({ committed: 1, duplicates: 1, rejected: 1 });
});

test('a partition that was detached and not dropped, or half detached, is dropped the next time; a copy by another hand is not', async () => {
  await setHorizonBack(30);
  const store = await place.open(pipeline);
  await deliver(store, -10, -9, -8);
  await place.query(`create table orders_20010101 as select * from orders`);
  await place.query(
    `comment on table ${dayOf(-10)} is 'a partition to be dropped'; alter table orders detach partition ${dayOf(-10)}`,
  );
  const reader = place.session();
  await reader('begin isolation level repeatable read; select count(*) from orders');
  await expect(store.time.retain()).rejects.toMatchObject({ failure: expect.stringMatching(/retry|slow/) });
  await reader('commit');
  await store.time.retain();
  expect(await partitions()).toEqual(['orders_20010101', dayOf(0), dayOf(1)]);
});

test('the days that are dropped are told, also those before a failure, each once', async () => {
  await setHorizonBack(30);
  const store = await place.open(pipeline);
  await deliver(store, -10, -9, -5);
  const told: Dropped[] = [];
  const reader = place.session();
  await reader(`begin isolation level repeatable read; select count(*) from ${dayOf(-9)}`);
  await expect(store.time.retain((dropped) => told.push(dropped))).rejects.toMatchObject({ failure: 'retry' });
  await reader('commit');
  await store.time.retain((dropped) => told.push(dropped));
  await store.time.retain((dropped) => told.push(dropped));
  const date = (day: number): string => new Date(today + day * DAY).toISOString().slice(0, 10);
  expect(told).toEqual([
    { table: 'orders', keepDays: 3, days: [date(-10)] },
    { table: 'orders', keepDays: 3, days: [date(-9), date(-5)] },
  ]);
});

test('two workers retain at once', async () => {
  await setHorizonBack(30);
  const stores = [await place.open(pipeline), await place.open(pipeline)];
  await deliver(stores[0] as Store, -10, -9, -8, -7);
  await Promise.allSettled(stores.map((store) => store.time.retain()));
  await stores[0]?.time.retain();
  expect(await partitions()).toEqual([dayOf(0), dayOf(1)]);
});

test('rows of workers that ended long ago go', async () => {
  const store = await place.open(pipeline, 'old');
  await store.time.leave();
  await place.query(`update scalestream.workers set ended_at = ended_at - interval '8 days'`);
  const other = await place.open(pipeline, 'new');
  await other.time.retain();
  expect(await place.query('select worker from scalestream.workers')).toEqual([{ worker: 'new' }]);
});

test('ids are forgotten a hundred statements a run, and the horizon moves meanwhile', async () => {
  const deduped = { ...pipeline, events: { ...pipeline.events, dedupe: { within: DAY } } } as Pipeline;
  const store = await place.open(deduped);
  await place.query(`update scalestream.watermarks set watermark = now();
    update scalestream.tables set horizon = horizon - interval '30 days' where name = 'orders'`);
  const rows = 100 * 5_000 + 1;
  await place.query(
    `insert into orders_ids select 'id' || i, now() - interval '20 days' from generate_series(1, ${rows}) i`,
  );
  const left = async () => Number((await place.query<{ n: string }>('select count(*) as n from orders_ids'))[0]?.n);
  await store.time.retain();
  expect(await left()).toBe(1);
  expect(
    await place.query(
      `select horizon > now() - interval '5 days' as moved from scalestream.tables where name = 'orders'`,
    ),
  ).toEqual([{ moved: true }]);
  await store.time.retain();
  expect(await left()).toBe(0);
});
