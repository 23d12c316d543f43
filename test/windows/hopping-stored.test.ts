import { expect, test, vi } from 'vitest';
import { isHopping } from '../../src/sinks/hopping-table.ts';
import { announceHopsStatement, closeHopsStatement } from '../../src/sinks/postgres/close-hops.ts';
import { readStatus } from '../../src/sinks/postgres/status.ts';
import { at, HOP_MS, hoppingOrders, hoppingStage } from './hopping-stage.ts';

const HOPS = 400;
const KEYS = 50;

/** So many panes, nearly all of them closed for good. */
const PANES = `
insert into trend (pane_start, product, orders, cents, mean_sum, mean_count, final_until)
select s, 'product ' || k, 1, 1, 1, 1, case when n < ${HOPS - 2} then s + interval '12 seconds' end
from generate_series(1, ${HOPS}) n, generate_series(1, ${KEYS}) k, lateral (select timestamptz '2026-01-01' + n * interval '4 seconds' as s) as starts;
insert into trend_prices (pane_start, product, item, n) select pane_start, product, i::text, 1 from trend, generate_series(1, 2) i;
insert into scalestream.revised (pipeline, window_table, window_start, key, revision)
values ('orders', 'trend', '2026-01-01T00:01:00Z', '{"product": "product 1"}', 1);
analyze trend, trend_prices`;

test('where little is due, little is read: panes and items are found by index, to close windows, to announce them and in the view', async () => {
  const { place, passes, pipeline } = await hoppingStage();
  await place.query(PANES);
  await passes((HOPS + 1) * HOP_MS);
  const [table] = pipeline.windows;
  if (!table || !isHopping(table)) throw new Error('no hopping windows');
  const { connection } = place.database();
  const last = `timestamptz '2026-01-01' + ${HOPS - 1} * interval '4 seconds'`;
  for (const [statement, parameters] of [
    [closeHopsStatement(pipeline, table), ['5000', '0']],
    [announceHopsStatement(pipeline, table), ['5000', '0']],
    [`select * from trend_windows where window_start >= ${last}`, []],
    [`select * from trend_windows where window_start = ${last}`, []],
    [`select * from trend_windows where window_start >= ${last} and product = 'product 7'`, []],
    [`select * from trend_between(${last}, now() + interval '10 years') where product = 'product 7'`, []],
  ] as const) {
    const plan = (
      await connection.run<{ 'QUERY PLAN': string }>(
        `explain (analyze, timing off, costs off) ${statement}`,
        parameters,
      )
    ).map((row) => row['QUERY PLAN']);
    expect(plan.filter((line) => /Seq Scan on "?trend/.test(line))).toEqual([]);
    const rows = plan.flatMap((line) => (/Scan.* on "?trend.*rows=(\d+)/.exec(line)?.[1] ?? []) as string[]);
    expect(Math.max(...rows.map(Number))).toBeLessThanOrEqual(3 * KEYS);
  }
});

test('a merge into a pane is a HOT update, whatever is final of it; that a window is closed is none', async () => {
  const { store, deliver, place, passes } = await hoppingStage();
  await deliver(store, at(0, 'a'));
  await deliver(store, at(1, 'b'));
  await passes(HOP_MS);
  await store.time.tick();
  await deliver(store, at(2, 'c'));
  await vi.waitUntil(
    async () => {
      const [seen] = await place.query<{ all: number; hot: number }>(
        `select n_tup_upd::int as all, n_tup_hot_upd::int as hot from pg_stat_user_tables where relname = 'trend'`,
      );
      return seen?.all === 3 && seen.hot === 2;
    },
    { timeout: 15_000, interval: 100 },
  );
});

test('where late events are diverted from now on, hopping windows that are final change no more, before the first tick already', async () => {
  const { store, deliver, place, passes, states } = await hoppingStage();
  await deliver(store, at(0, 'a'), at(3 * HOP_MS, 'b'));
  await passes(2 * HOP_MS);
  await store.time.tick();
  const before = await states();
  expect(before.map(({ state }) => state)).toEqual(['final', 'final', 'open', 'open', 'open', 'open']);
  const { pipeline } = hoppingOrders('divert');
  const later = await place.open(pipeline, 'later');
  // Of the second one's windows one is final, of the third one's none.
  const late = [at(1, 'late'), at(HOP_MS, 'late too'), at(2 * HOP_MS, 'in time')];
  expect(await deliver(later, ...late)).toMatchObject({ committed: 1, diverted: 2 });
  expect((await states()).slice(0, 2)).toEqual(before.slice(0, 2));
  await passes(4 * HOP_MS);
  await later.time.tick();
  expect((await states()).map(({ state }) => state)).toEqual(['final', 'final', 'final', 'final', 'open', 'open']);
});

test('the labels of a window are those of its own ends: what comes between windows that are final revises those that it is in', async () => {
  const { store, deliver, passes, states, place, pipeline } = await hoppingStage();
  await deliver(store, at(0, 'a'), at(4 * HOP_MS, 'b'));
  await passes(7 * HOP_MS);
  expect(await store.time.tick()).toEqual({ final: 6, revised: 0 });
  await deliver(store, at(2 * HOP_MS, 'between'));
  expect((await states()).map(({ hop, state }) => [hop, state])).toEqual([
    [-2, 'final'],
    [-1, 'final'],
    [0, 'revised'],
    [1, 'open'],
    [2, 'revised'],
    [3, 'final'],
    [4, 'final'],
  ]);
  const { connection } = place.database();
  const open = async () => (await readStatus(connection, pipeline))?.tables;
  expect(await open()).toEqual([{ table: 'trend', open: 1, revised: 0 }]);
  expect(await store.time.tick()).toEqual({ final: 1, revised: 2 });
  expect(await open()).toEqual([{ table: 'trend', open: 0, revised: 2 }]);
  expect((await states()).map(({ state }) => state)).toEqual([
    'final',
    'final',
    'revised',
    'final',
    'revised',
    'final',
    'final',
  ]);
});
