import { afterEach, beforeEach, expect, test } from 'vitest';
import { count, eventTable, type Pipeline, pipeline, tumbling, windowTable } from '../../../src/index.ts';
import type { Table } from '../../../src/pipeline.ts';
import { message } from '../../support/message.ts';
import { Order, order, orderPipeline, orders, pace, run, trade } from '../../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../../support/postgres-place.ts';

let place: PostgresPlace;
beforeEach(async () => {
  place = await postgresPlace();
});
afterEach(() => place.close());

const graph = orderPipeline().graph;
const declare = (name: string, ...tables: Table[]): Pipeline => pipeline(name, tables, graph);
const migrate = (declared: Pipeline) => place.database({ connections: 1 }).migrate(declared);
const deliver = async (declared: Pipeline, ...ids: string[]) =>
  run(declared, await place.open(declared), [[message(JSON.stringify(ids.map((id) => order(id))))]]);

const both = declare('orders', orders, trade, pace);
const hourly = windowTable('hourly', orders, { window: tumbling('1h'), key: {}, measures: { orders: count() } });

test('eight processes that migrate at once all succeed, and make the tables once', async () => {
  await Promise.all(Array.from({ length: 8 }, () => migrate(both)));
  expect(await place.query('select name, pipeline, retired_at from scalestream.tables order by name')).toEqual(
    ['orders', 'pace', 'trade'].map((name) => ({ name, pipeline: 'orders', retired_at: null })),
  );
  expect(await place.query('select name, version from scalestream.pipelines')).toEqual([
    { name: 'orders', version: both.version },
  ]);
});

test('migrating again changes nothing', async () => {
  await deliver(both, 'a', 'b');
  const state = async () => [
    await place.query('select * from scalestream.pipelines'),
    await place.query('select * from scalestream.tables order by name'),
    await place.query(`select oid, relname from pg_class where relnamespace = 'public'::regnamespace order by oid`),
    await place.windows(trade),
  ];
  const before = await state();
  await migrate(both);
  expect(await state()).toEqual(before);
});

test('migrating again waits for no flush and holds none up', async () => {
  await deliver(both, 'a');
  const [flush] = [place.session()];
  await flush('begin; select from scalestream.pipelines for share; lock table trade, orders in row exclusive mode');
  await migrate(both);
  await flush('commit');
});

test('a version moves while workers flush without a pause; they are fenced, and nothing is half done', async () => {
  const stores = await Promise.all(['a', 'b', 'c', 'd'].map((worker) => place.open(both, worker)));
  let committed = 0;
  const { promise: started, resolve: start } = Promise.withResolvers<void>();
  const work = stores.map(async (store, worker) => {
    for (let n = 0; ; n++) {
      const values = Array.from({ length: 50 }, (_, i) => order(`${worker}/${n}/${i}`));
      const totals = await run(both, store, [[message(JSON.stringify(values))]]);
      committed += totals.committed;
      if (n === 3) start();
    }
  });
  const ends = Promise.all(work.map((one) => expect(one).rejects.toMatchObject({ failure: 'fenced' })));
  await started;
  await migrate(declare('orders', orders, trade));
  await ends;
  expect(await place.events(orders)).toBe(committed);
  expect(await place.windows(trade)).toMatchObject([{ orders: String(committed) }]);
});

test('a table left out of the declaration is retired, not dropped', async () => {
  await deliver(both, 'a');
  await migrate(declare('orders', orders, trade));
  expect(await place.query('select name from scalestream.tables where retired_at is not null')).toEqual([
    { name: 'pace' },
  ]);
  expect(await place.query(`select to_regclass('pace') is not null as there`)).toEqual([{ there: true }]);
});

test('a retired window table comes back while there are no events, and is refused once it missed some', async () => {
  await migrate(both);
  await migrate(declare('orders', orders, trade));
  await migrate(both);
  expect(await place.query('select count(*) as n from scalestream.tables where retired_at is null')).toEqual([
    { n: '3' },
  ]);
  await migrate(declare('orders', orders, trade));
  await deliver(declare('orders', orders, trade), 'a');
  await expect(migrate(both)).rejects.toMatchObject({
    failure: 'fatal',
    message: expect.stringMatching(/pace would miss the events/),
  });
});

test('a new window table over events that are there already is refused, and leaves everything as it was', async () => {
  await deliver(both, 'a');
  await expect(migrate(declare('orders', orders, trade, pace, hourly))).rejects.toMatchObject({
    failure: 'fatal',
    message:
      'window table hourly would miss the events that orders holds already. Fix: declare it with a new event table',
  });
  expect(await place.query(`select to_regclass('hourly') as hourly`)).toEqual([{ hourly: null }]);
  expect(await deliver(both, 'b')).toMatchObject({ committed: 1 });
});

test('another shape under the same name is refused, naming what differs', async () => {
  await migrate(both);
  const other = windowTable('pace', orders, { window: tumbling('2m'), key: {}, measures: { orders: count() } });
  await expect(migrate(declare('orders', orders, trade, other))).rejects.toMatchObject({
    failure: 'fatal',
    message:
      'table pace exists with another declaration: window: tumbling 1m in the database, tumbling 2m declared. Fix: give the changed table a new name',
  });
});

test('an event table of another shape is refused', async () => {
  await migrate(both);
  const ids = eventTable('orders', { schema: Order, id: (e) => e.id, time: (e) => e.at, keep: { ids: 'forever' } });
  await expect(migrate(declare('orders', ids))).rejects.toThrow(
    /^table orders exists with another declaration: whole events: yes in the database, no declared\. Fix/,
  );
});

test("another pipeline's table is refused, naming its owner", async () => {
  await migrate(both);
  await expect(migrate(declare('thieves', orders, trade))).rejects.toMatchObject({
    failure: 'fatal',
    message: 'table orders belongs to pipeline orders. Fix: give it another name',
  });
  expect(await place.query('select name from scalestream.pipelines')).toEqual([{ name: 'orders' }]);
});

test.each(['orders', 'trade'])(
  'when %s was dropped by hand, what is left is refused: the tables no longer agree',
  async (gone) => {
    await deliver(both, 'a');
    await place.query(`drop table ${gone} cascade`);
    await expect(migrate(both)).rejects.toMatchObject({
      failure: 'fatal',
      message: expect.stringMatching(`^${gone} is gone, but .* is there`),
    });
  },
);

test('when all tables were dropped by hand, they are made again', async () => {
  await deliver(both, 'a');
  await place.query('drop table orders, trade, pace cascade');
  expect(await deliver(both, 'a')).toMatchObject({ committed: 1 });
});

test('a migration that waits too long for a lock tries again', async () => {
  await deliver(both, 'a');
  const blocker = place.session();
  await blocker('begin; lock table scalestream.pipelines in row share mode');
  const moving = migrate(declare('orders', orders, trade));
  // its lock timeout passes, and it waits again
  const [{ first } = { first: 0 }] = (await waitingPids()) as { first: number }[];
  for (;;) {
    const rows = await place.query<{ n: string }>(
      `select count(*) as n from pg_stat_activity where pid = ${first} and wait_event_type = 'Lock'`,
    );
    if (rows[0]?.n === '0') break;
  }
  await blocker('commit');
  await moving;
  expect(await place.query('select name from scalestream.tables where retired_at is not null')).toEqual([
    { name: 'pace' },
  ]);

  async function waitingPids() {
    await place.waiting(1);
    return place.query(
      `select pid as first from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
  }
});
