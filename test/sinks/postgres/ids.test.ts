import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Flush, pipeline, snapshot, verify, windowTable, tumbling } from '../../../src/index.ts';
import { flushParameters } from '../../../src/sinks/postgres/flush-parameters.ts';
import { forgetIds } from '../../../src/sinks/postgres/id-table.ts';
import { flushStatement } from '../../../src/sinks/postgres/statement.ts';
import { identified, sale } from '../../contracts/identified.ts';
import { together } from '../../contracts/store-under-test.ts';
import { SENT_AT } from '../../support/message.ts';
import { batchOf, run } from '../../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../../support/postgres-place.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let place: PostgresPlace;
beforeEach(async () => {
  place = await postgresPlace();
});
afterEach(() => place.close());

const byId = identified('sales', { dedupe: { by: 'id', within: '1d' } });

test('a table of ids that is from before there were hashes gets them, and what has none is compared with nothing', async () => {
  const shop = identified('sales', { keep: { ids: 'forever' } });
  const database = place.database();
  await database.migrate(shop.pipeline);
  await run(shop.pipeline, await database.open(shop.pipeline, { worker: 'old' }), [together([sale('a'), sale('b')])]);
  await place.query(`alter table sales drop column content; update scalestream.pipelines set layout = 'older'`);
  await database.migrate(shop.pipeline);
  const store = await database.open(shop.pipeline, { worker: 'new' });
  const others = [sale('a', { cents: 2 }), sale('c'), sale('d', { at: DAY })];
  expect(await run(shop.pipeline, store, [together(others)])).toMatchObject({
    committed: 2,
    duplicates: 1,
    rejected: 0,
  });
  const again = [sale('c', { cents: 2 }), sale('d', { at: DAY })];
  expect(await run(shop.pipeline, store, [together(again)])).toMatchObject({ duplicates: 1, rejected: 1 });
  expect(await place.query(`select event_id, content is null as unknown from sales order by event_id`)).toEqual(
    ['a', 'b', 'c', 'd'].map((id) => ({ event_id: id, unknown: ['a', 'b'].includes(id) })),
  );
});

test('what was dropped meanwhile is compared with nothing, and so is what never was', async () => {
  const shop = identified('sales');
  const store = await place.open(shop.pipeline);
  await run(shop.pipeline, store, [together([sale('a'), sale('b', { at: 3 * DAY })])]);
  const { entries } = batchOf([
    sale('a', { cents: 2 }),
    sale('c'),
    sale('b', { at: 3 * DAY }),
    sale('b', { at: 9 * DAY }),
  ] as { id: string; at: number }[]);
  expect(await store.compare(entries)).toEqual(['different', 'absent', 'same', 'absent']);
  await place.query('drop table sales_20260101');
  expect(await store.compare(entries)).toEqual(['absent', 'absent', 'same', 'absent']);
  expect(await store.compare([])).toEqual([]);
});

test('a comparison reads an index, whatever is believed of the table', async () => {
  const shop = identified('sales');
  const store = await place.open(shop.pipeline);
  await run(shop.pipeline, store, [together(Array.from({ length: 3_000 }, (_, n) => sale(`${n}`, { at: n })))]);
  const session = place.session();
  await session('begin; set local enable_nestloop = off');
  const given = `select array_agg(${SENT_AT}000 + n * 1000), array_agg(n::text), array_agg(md5(n::text)::uuid) from generate_series(0, 2999) n`;
  const compared = await session(
    `select count(*)::int as n from (${given}) as given (times, ids, hashes), scalestream.compare('sales', 'text', true, times, ids, hashes)`,
  );
  expect(compared).toEqual([{ n: 3_000 }]);
  expect(
    await session(`select seq_scan::int, idx_scan::int from pg_stat_xact_user_tables where relname = 'sales_20260101'`),
  ).toEqual([{ seq_scan: 0, idx_scan: 3_000 }]);
});

test('where the id alone decides, the ids are claimed first and in order, before any event is written', async () => {
  const store = await place.open(byId.pipeline);
  await place.query(`
    create sequence step; create table trail (step bigint default nextval('step'), name text, id text);
    create function leave_trail() returns trigger language plpgsql as $$ begin
      insert into trail (name, id) values (tg_table_name, new.event_id::text); return new; end $$;
    create trigger t before insert on sales_ids for each row execute function leave_trail();
    create trigger t before insert on sales for each row execute function leave_trail();`);
  const ids = ['é', 'b', 'B', 'a', '10', '9', 'Z', 'z'];
  await run(byId.pipeline, store, [together(ids.map((id, n) => sale(id, { at: 100 - n })))]);
  const trail = await place.query<{ name: string; id: string }>('select name, id from trail order by step');
  expect(trail.map(({ name }) => name)).toEqual([...ids.map(() => 'sales_ids'), ...ids.map(() => 'sales_20260101')]);
  expect(trail.slice(0, ids.length).map(({ id }) => id)).toEqual(['10', '9', 'B', 'Z', 'a', 'b', 'z', 'é']);
});

test('the plan holds no loop over events, also where the id alone decides', async () => {
  const database = place.database({ connections: 1 });
  await database.migrate(byId.pipeline);
  const store = await database.open(byId.pipeline, { worker: 'w' });
  let flush: Flush | undefined;
  const values = Array.from({ length: 5_000 }, (_, n) => sale(`${n * 7_919}`, { at: n, shop: `shop ${n % 90}` }));
  await run(byId.pipeline, { ...store, commit: (given) => store.commit((flush = given)) }, [together(values)]);
  const context = { instance: 'w', lifeMs: 1, horizon: store.horizon(), bound: 0 };
  const literals = flushParameters(byId.pipeline, flush as Flush, context).map((value) =>
    value === null ? 'null' : `'${value.replaceAll("'", "''")}'`,
  );
  await database.connection.script(`prepare flush as ${flushStatement(byId.pipeline)}`);
  await place.query('truncate sales, sales_ids');
  const plan = await database.connection.run<{ 'QUERY PLAN': string }>(
    `explain (analyze, timing off, summary off) execute flush (${literals.join(', ')})`,
  );
  const lines = plan.map((row) => row['QUERY PLAN']);
  expect(lines.filter((line) => Number(/loops=(\d+)/.exec(line)?.[1] ?? 1) > 1)).toEqual([]);
  expect(lines.filter((line) => /external|Disk/.test(line))).toEqual([]);
});

test('where every event of a batch is late, their ids are looked up by the index', async () => {
  const shop = identified('sales', { dedupe: { by: 'id', within: '1d' }, late: 'divert', lateness: '1m' });
  const database = place.database({ connections: 1 });
  await database.migrate(shop.pipeline);
  const store = await database.open(shop.pipeline, { worker: 'w' });
  await place.query(`insert into sales_ids select n::text, to_timestamp(n) from generate_series(1, 50000) n`);
  await store.time.report({ low: SENT_AT + DAY, source: 'test', holding: false });
  await store.time.tick();
  let flush: Flush | undefined;
  const values = Array.from({ length: 3_000 }, (_, n) => sale(`${n * 7}`, { at: n }));
  await run(shop.pipeline, { ...store, commit: (given) => store.commit((flush = given)) }, [together(values)]);
  expect(await place.query('select count(*)::int as n, bool_or(counted) as counted from sales')).toEqual([
    { n: 3_000, counted: false },
  ]);
  expect(await place.query('select count(*)::int as n from sales_ids')).toEqual([{ n: 50_000 }]);
  const bound = (SENT_AT + DAY) * 1_000;
  const context = { instance: 'w', lifeMs: 1, horizon: store.horizon(), bound };
  const literals = flushParameters(shop.pipeline, flush as Flush, context).map((value) =>
    value === null ? 'null' : `'${value.replaceAll("'", "''")}'`,
  );
  await database.connection.script(`prepare flush as ${flushStatement(shop.pipeline)}`);
  const plan = await database.connection.run<{ 'QUERY PLAN': string }>(
    `explain execute flush (${literals.join(', ')})`,
  );
  const lines = plan.map((row) => row['QUERY PLAN']);
  expect(lines.filter((line) => line.includes('on sales_ids') && line.includes('Scan'))).toEqual([
    expect.stringContaining('Index Scan using sales_ids_pkey on sales_ids known'),
  ]);
});

test('ids are forgotten once the watermark is past by the span and the lateness; the event itself is still known', async () => {
  const shop = identified('sales', { dedupe: { by: 'id', within: '1d' }, lateness: '1h' });
  const store = await place.open(shop.pipeline);
  const ids = async () =>
    (await place.query<{ event_id: string }>('select event_id from sales_ids order by 1')).map((row) => row.event_id);
  await run(shop.pipeline, store, [together([sale('a'), sale('b', { at: HOUR }), sale('c', { at: DAY })])]);
  const pass = async (hours: number) => {
    await store.time.report({ low: SENT_AT + hours * HOUR, source: 'test', holding: false });
    await place.query(`update scalestream.watermarks set moved_at = moved_at - interval '1 second'`);
    await store.time.retain();
  };
  await pass(25);
  expect(await ids()).toEqual(['a', 'b', 'c']);
  await pass(25.5);
  expect(await ids()).toEqual(['b', 'c']);
  const [again, anew] = [together([sale('a')]), together([sale('a', { at: 2 * HOUR })])];
  expect(await run(shop.pipeline, store, [again])).toMatchObject({ committed: 0, duplicates: 1 });
  expect(await ids()).toEqual(['a', 'b', 'c']);
  expect(await run(shop.pipeline, store, [anew])).toMatchObject({ duplicates: 1 });
  expect(forgetIds(identified('sales').pipeline)).toBeUndefined();
});

test('an id that a flush holds is left for the next time, and nothing waits', async () => {
  const store = await place.open(byId.pipeline);
  await run(byId.pipeline, store, [together([sale('a'), sale('b')])]);
  await store.time.report({ low: SENT_AT + 9 * DAY, source: 'test', holding: false });
  const flush = place.session();
  await flush(`begin; select from sales_ids where event_id = 'a' for update`);
  await store.time.retain();
  expect(await place.query('select event_id from sales_ids')).toEqual([{ event_id: 'a' }]);
  await flush('commit');
  await store.time.retain();
  expect(await place.query('select event_id from sales_ids')).toEqual([]);
});

test('the windows are the fold of the raw events that counted, also where the id alone decides', async () => {
  const store = await place.open(byId.pipeline);
  const hours = [0, 1, 30, 200, 2, 60, 31, 5];
  for (const hour of hours)
    await run(byId.pipeline, store, [together([sale('a', { at: hour * HOUR }), sale(`${hour}`)])]);
  const verified = await snapshot(place.url, byId.pipeline, (view) => verify(byId.pipeline, view));
  expect(verified).toMatchObject({ equal: true, differing: 0, unreadable: 0 });
  expect(
    await place.query(`select count(*) filter (where not counted)::int as before from sales where event_id = 'a'`),
  ).toEqual([{ before: 4 }]);
});

test('the table of ids belongs to its pipeline: nobody else may have its name, and it must not be dropped by itself', async () => {
  const database = place.database();
  const other = identified('sales_ids');
  await database.migrate(other.pipeline);
  await expect(database.migrate(byId.pipeline)).rejects.toThrow('table sales_ids belongs to pipeline sales_ids');
  const own = windowTable('sales_ids', byId.sales, { window: tumbling('1h'), key: {}, measures: {} });
  expect(() => pipeline('sales', [byId.sales, own], byId.pipeline.graph)).toThrow('different names');
  await place.query('drop table sales_ids, sales_ids_takings, sales_ids_counted cascade; truncate scalestream.tables');
  await database.migrate(byId.pipeline);
  await expect(database.migrate(identified('sales').pipeline)).rejects.toThrow('exists with another declaration');
  await place.query('drop table sales_ids');
  await expect(database.migrate(byId.pipeline)).rejects.toThrow('sales_ids is gone');
});
