import { afterEach, beforeEach, expect, test } from 'vitest';
import { whenFinal } from '../../../src/index.ts';
import type { Pipeline } from '../../../src/pipeline.ts';
import { toTable } from '../../../src/sinks/to-table.ts';
import { message } from '../../support/message.ts';
import { order, orderPipeline, orders, run, trade } from '../../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../../support/postgres-place.ts';
import { withFinals } from '../../when-final/stage.ts';

let place: PostgresPlace;
beforeEach(async () => {
  place = await postgresPlace();
});
afterEach(() => place.close());

const later: Pipeline = withFinals(whenFinal(trade, toTable('trade_final')));

test('a new layout waits for no reader of tables, views or partitions, so no flush waits behind it', async () => {
  const store = await place.open(orderPipeline());
  await run(orderPipeline(), store, [[message(JSON.stringify([order('a')]))]]);
  const reader = place.session();
  await reader(`begin isolation level repeatable read; select * from trade; select * from trade_windows; select * from orders;
    select * from scalestream.pipelines; select * from scalestream.tables; select * from scalestream.outbox; select * from scalestream.rejects`);
  await place.database({ connections: 1 }).migrate(later);
  await reader('commit');
  expect(await place.query(`select to_regclass('trade_final') is not null as made`)).toEqual([{ made: true }]);
});

test('a column or a view that an earlier release made otherwise is brought up to date', async () => {
  await place.open(orderPipeline());
  await place.query(`drop view trade_windows; alter table trade drop column final_at; create view trade_windows as select window_start from trade;
    alter table scalestream.tables drop column frontier`);
  await place.database({ connections: 1 }).migrate(later);
  expect(await place.query(`select final_at, state from trade_windows`)).toEqual([]);
  expect(await place.query(`select frontier from scalestream.tables where name = 'trade'`)).toEqual([
    { frontier: null },
  ]);
  expect(await place.query(`select to_regclass('scalestream."$view"') as probe`)).toEqual([{ probe: null }]);
});

test('a migration and whoever makes a partition meanwhile do not end in a deadlock', async () => {
  await place.open(orderPipeline());
  await place.query('alter table scalestream.tables drop column frontier');
  const other = place.session();
  await other(`begin; select pg_advisory_xact_lock(hashtextextended('scalestream partition orders', 0))`);
  const migrating = place.database({ connections: 1 }).migrate(later);
  await place.waiting(1);
  // What who makes a partition reads: were it locked by now, one of the two would have to give up.
  expect(
    await place.query(
      `select mode from pg_locks where relation = 'scalestream.tables'::regclass and mode = 'AccessExclusiveLock'`,
    ),
  ).toEqual([]);
  await other(`select scalestream.add_partition('orders', date '2031-01-01'); commit`);
  await migrating;
  expect(await place.query(`select to_regclass('orders_20310101') is not null as made`)).toEqual([{ made: true }]);
});

test.each(['orders', 'trade', 'trade_windows', 'trade_final'])(
  'a relation %s that somebody else made is refused by name, and nothing is made',
  async (name) => {
    await place.query(`create table ${name} (mine text)`);
    await expect(place.database({ connections: 1 }).migrate(later)).rejects.toMatchObject({
      failure: 'fatal',
      message: `${name} is there already, and is none of scalestream's tables. Fix: drop it, or declare the table by another name`,
    });
    expect(await place.query(`select mine from ${name}`)).toEqual([]);
    expect(await place.query(`select to_regnamespace('scalestream') as made`)).toEqual([{ made: null }]);
  },
);

test('a table of ids that somebody else made is refused too', async () => {
  await place.query('create table orders_ids (mine text)');
  const deduped = { ...orderPipeline(), events: { ...orders, dedupe: { within: 1_000 } } } as unknown as Pipeline;
  await expect(place.database({ connections: 1 }).migrate(deduped)).rejects.toThrow(/^orders_ids is there already/);
});
