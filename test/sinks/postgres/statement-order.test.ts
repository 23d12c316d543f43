import { merge } from 'rxjs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { foldInto, type Store } from '../../../src/index.ts';
import { shuffled } from '../../contracts/shuffled.ts';
import { message } from '../../support/message.ts';
import { batchOf, order, orderPipeline, pace, run, trade } from '../../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../../support/postgres-place.ts';

// Where rows lie in a new table tells in which order they were written, and so in which order their locks are taken.

const pipeline = orderPipeline((fresh$) => merge(fresh$.pipe(foldInto(trade)), fresh$.pipe(foldInto(pace))));
const values = Array.from({ length: 600 }, (_, n) =>
  order(`order ${n}`, { at: (n * 7_919) % 600_000, product: `product ${(n * 37) % 97}` }),
);

let place: PostgresPlace;
let store: Store;
beforeEach(async () => {
  place = await postgresPlace();
  store = await place.open(pipeline);
});
afterEach(() => place.close());

/** Whether a table's rows lie in the order of these columns. */
async function lieSorted(table: string, by: string): Promise<{ rows: number; sorted: boolean }> {
  const [row] = await place.query<{ rows: string; sorted: boolean }>(
    `select count(*) as rows, array_agg(ctid order by ctid) = array_agg(ctid order by ${by}) as sorted from ${table}`,
  );
  return { rows: Number(row?.rows), sorted: row?.sorted === true };
}

test('raw events are written in order of time and id, however a flush holds them', async () => {
  const { entries } = batchOf(shuffled(values, 1));
  await store.commit({ entries, folds: [], rejects: [] });
  expect(await lieSorted('orders_20260101', 'event_time, event_id')).toEqual({ rows: 600, sorted: true });
});

test('windows are written in order of window and key', async () => {
  await run(pipeline, store, [[message(JSON.stringify(values))]]);
  const found = await lieSorted('trade', 'window_start, product');
  expect(found.rows).toBeGreaterThan(300);
  expect(found.sorted).toBe(true);
});

test('rejects are written in order of their identity', async () => {
  const bad = shuffled(
    Array.from({ length: 200 }, (_, n) => ({ id: `bad ${n}` })),
    2,
  );
  await run(pipeline, store, [[message(JSON.stringify(bad))]]);
  expect(await lieSorted('scalestream.rejects', 'pipeline, identity')).toEqual({ rows: 200, sorted: true });
});

test('windows revised after they were final are remembered in order of table, window and key', async () => {
  await run(pipeline, store, [[message(JSON.stringify(values.slice(0, 300)))]]);
  await place.query('update trade set final_revision = revision; update pace set final_revision = revision');
  const again = values.slice(0, 300).map((value) => ({ ...value, id: `${value.id} again` }));
  await run(pipeline, store, [[message(JSON.stringify(again))]]);
  const found = await lieSorted('scalestream.revised', 'pipeline, window_table, window_start, key');
  expect(found.rows).toBeGreaterThan(200);
  expect(found.sorted).toBe(true);
});
