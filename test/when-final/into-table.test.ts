import { expect, test } from 'vitest';
import { count, type FinalBranch, tumbling, toTable, whenFinal, windowTable } from '../../src/index.ts';
import { announceStatement, finaliseStatement } from '../../src/sinks/postgres/close-statements.ts';
import { finalTableDdl, windowTableDdl } from '../../src/sinks/postgres/ddl.ts';
import { message } from '../support/message.ts';
import { orders, pace, run, trade } from '../support/orders.ts';
import { inWindow, stageOf, withFinals } from './stage.ts';

const into = whenFinal(trade, toTable('trade_final'));
const FINALS = `select extract(epoch from window_start - '2026-01-01')::int as second, product, orders::text, cents::text, revision::int
  from trade_final order by 1, 2, 5`;

test('a window is in the table once it is final, and not before; the row says until when it ran', async () => {
  const stage = await stageOf(into);
  await stage.deliver(inWindow(0, 'a', { cents: 100 }), inWindow(0, 'b', { cents: 301 }), inWindow(1, 'c'));
  expect(await stage.store.time.tick()).toEqual({ final: 0, revised: 0 });
  expect(await stage.rows(FINALS)).toEqual([]);
  await stage.pass(0);
  expect(await stage.store.time.tick()).toEqual({ final: 1, revised: 0 });
  expect(await stage.rows(FINALS)).toEqual([{ second: 0, product: 'tea', orders: '2', cents: '401', revision: 1 }]);
  expect(
    await stage.rows(
      `select mean::text, window_end - window_start as length, delivered_at is not null as told from trade_final`,
    ),
  ).toEqual([{ mean: '200.5000000000000000', length: '00:00:10', told: true }]);
});

test('a window that is revised comes again with its revision: once a tick, however often it was merged into', async () => {
  const stage = await stageOf(into);
  await stage.deliver(inWindow(0, 'a'));
  await stage.pass();
  await stage.store.time.tick();
  for (const id of ['b', 'c', 'd']) await stage.deliver(inWindow(0, id));
  expect(await stage.rows(FINALS)).toMatchObject([{ revision: 1 }]);
  expect(await stage.store.time.tick()).toEqual({ final: 0, revised: 1 });
  expect(await stage.store.time.tick()).toEqual({ final: 0, revised: 0 });
  await stage.deliver(inWindow(0, 'e'));
  await stage.store.time.tick();
  expect(await stage.rows(FINALS)).toEqual(
    [1, 4, 5].map((n) => ({ second: 0, product: 'tea', orders: `${n}`, cents: `${n * 100}`, revision: n })),
  );
});

test('a window that begins after its end has passed is final with the next tick, and not revised', async () => {
  const stage = await stageOf(into);
  await stage.pass();
  await stage.deliver(inWindow(0, 'late'));
  expect(await stage.store.time.tick()).toEqual({ final: 1, revised: 0 });
  expect(await stage.rows(FINALS)).toMatchObject([{ orders: '1', revision: 1 }]);
});

test('more windows than one statement takes are all there, once each', async () => {
  const stage = await stageOf(into);
  await stage.deliver(...Array.from({ length: 5_001 }, (_, n) => inWindow(0, `${n}`, { product: `p${n}` })));
  await stage.pass();
  expect(await stage.store.time.tick()).toEqual({ final: 5_001, revised: 0 });
  expect(await stage.rows('select count(*)::int as n from trade_final')).toEqual([{ n: 5_001 }]);
  await stage.deliver(...Array.from({ length: 5_001 }, (_, n) => inWindow(0, `again ${n}`, { product: `p${n}` })));
  expect(await stage.store.time.tick()).toEqual({ final: 0, revised: 5_001 });
  expect(
    await stage.rows(
      'select revision::int, count(*)::int as n, sum(orders)::int as orders from trade_final group by 1 order by 1',
    ),
  ).toEqual([
    { revision: 1, n: 5_001, orders: 5_001 },
    { revision: 2, n: 5_001, orders: 10_002 },
  ]);
});

test('a worker of a version without the branch can make no window final that would be missing there', async () => {
  const stage = await stageOf();
  await stage.deliver(inWindow(0, 'a'));
  await stage.pass();
  const renewed = await stage.place.open(withFinals(into));
  await expect(stage.store.time.tick()).rejects.toMatchObject({ failure: 'fenced' });
  expect(await renewed.time.tick()).toEqual({ final: 1, revised: 0 });
  expect(await stage.rows(FINALS)).toMatchObject([{ revision: 1 }]);
});

test('a branch that joins later receives what becomes final from then on, and revisions of what was final before', async () => {
  const stage = await stageOf();
  await stage.deliver(inWindow(0, 'a'), inWindow(1, 'b'));
  await stage.pass(0);
  await stage.store.time.tick();
  const joined = withFinals(into);
  const store = await stage.place.open(joined);
  await stage.pass(1);
  expect(await store.time.tick()).toEqual({ final: 1, revised: 0 });
  await run(joined, store, [[message(JSON.stringify(inWindow(0, 'c')))]]);
  expect(await store.time.tick()).toEqual({ final: 0, revised: 1 });
  expect(await stage.rows(FINALS)).toMatchObject([
    { second: 0, revision: 2, orders: '2' },
    { second: 10, revision: 1, orders: '1' },
  ]);
});

test('the table is the pipeline’s: another declaration under its name is refused, and so is its loss', async () => {
  const stage = await stageOf(into);
  await stage.deliver(inWindow(0, 'a'));
  const migrate = (...branches: readonly FinalBranch[]) => stage.place.database().migrate(withFinals(...branches));
  await expect(migrate(whenFinal(pace, toTable('trade_final')))).rejects.toMatchObject({
    failure: 'fatal',
    message: expect.stringMatching(
      /^table trade_final exists with another declaration: of: trade in the database, pace declared; key /,
    ),
  });
  await stage.place.query('drop table trade_final');
  await expect(migrate(into)).rejects.toMatchObject({
    message: expect.stringMatching(/^trade_final is gone, but .* is there/),
  });
});

test('any name that a declaration may give works: those of the statements themselves', async () => {
  const named = ['due', 'fence', 'changed', 'w', 'announced', 'lines'].map((name) =>
    windowTable(name, orders, {
      window: tumbling('10s'),
      key: { line: (e) => e.id, delivery: (e) => e.id, w: (e) => e.id },
      measures: { branch: count(), key: count(), contents: count(), body: count() },
    }),
  );
  const stage = await stageOf();
  const tables = named.map((table) => whenFinal(table, toTable(`${table.name}_posted`)));
  const all = { ...withFinals(), windows: named, finals: tables };
  await stage.pass();
  for (const [i, table] of named.entries()) {
    await stage.place.query(windowTableDdl(table));
    await stage.place.query(finalTableDdl(tables[i] as (typeof tables)[number]));
    await stage.place.query(
      `insert into "${table.name}" (window_start, line, delivery, w, branch, key, contents, body) values ('2026-01-01', 'l', 'd', 'w', 1, 2, 3, 4)`,
    );
    expect(await stage.rows(finaliseStatement(all, table, '10'))).toEqual([{ n: 1, fenced: 1 }]);
    await stage.place.query(`insert into scalestream.revised (pipeline, window_table, window_start, key, revision, contents)
      select 'orders', '${table.name}', window_start, '{}', 2, to_jsonb(t.*) || '{"revision": 2}' from "${table.name}" t`);
    expect(await stage.rows(announceStatement(all, table, '10'))).toEqual([{ n: 1, fenced: 1 }]);
    expect(
      await stage.rows(
        `select line, delivery, w, branch::int, body::int, revision::int from "${table.name}_posted" order by revision`,
      ),
    ).toEqual([1, 2].map((revision) => ({ line: 'l', delivery: 'd', w: 'w', branch: 1, body: 4, revision })));
  }
});
