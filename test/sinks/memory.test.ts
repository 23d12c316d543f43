import { lastValueFrom, of } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { foldInto, memoryStore, StoreError } from '../../src/index.ts';
import { refuse } from '../../src/operators/refuse.ts';
import type { Flush } from '../../src/store.ts';
import { storeContract } from '../contracts/store.ts';
import { conflictContract } from '../contracts/store-conflicts.ts';
import { dedupeContract } from '../contracts/store-dedupe.ts';
import { equalityContract } from '../contracts/store-equality.ts';
import { memoryPlace } from '../support/memory-place.ts';
import { freshOf, type Order, order, orderPipeline, pace, trade } from '../support/orders.ts';

storeContract('the memory store', memoryPlace);
equalityContract('the memory store', memoryPlace);
conflictContract('the memory store', memoryPlace);
dedupeContract('the memory store', memoryPlace);

const graph = orderPipeline();
const foldOf = (events: readonly Order[]) => lastValueFrom(of(freshOf(events)).pipe(foldInto(trade)));
const flushOf = async (events: readonly Order[]): Promise<Flush> => ({
  entries: freshOf(events).entries,
  folds: [await foldOf(events)],
  rejects: [],
});

const nothing = { fresh: 0, late: 0, diverted: 0, windows: 0, rejects: 0, repeats: [] };

describe('memoryStore', () => {
  test('a flush inserts what is new, folds only that, and says so', async () => {
    const store = memoryStore(graph);
    expect(await store.commit(await flushOf([order('a'), order('b')]))).toEqual({ ...nothing, fresh: 2, windows: 1 });
    const mixed = await flushOf([order('b'), order('c'), order('b', { at: 1 })]);
    expect(await store.commit(mixed)).toEqual({ ...nothing, fresh: 2, repeats: [0] });
    expect(await store.commit(mixed)).toEqual({ ...nothing, repeats: [0, 1, 2] });
    expect(store.events()).toBe(4);
    expect(store.rows('trade')).toMatchObject([{ orders: '4', cents: '400' }]);
  });

  test('a reject is kept once', async () => {
    const store = memoryStore(graph);
    const [entry] = freshOf([order('a')]).entries;
    const reject = refuse(entry as never, 'test', 'callback', 'no');
    const flush: Flush = { entries: [], folds: [], rejects: [reject, { ...reject }] };
    expect(await store.commit(flush)).toMatchObject({ rejects: 1 });
    expect(await store.commit(flush)).toMatchObject({ rejects: 0 });
    expect(store.rejects()).toEqual([reject]);
  });

  test('rows are in order of window and key, each with all its columns', async () => {
    const store = memoryStore(graph);
    await store.commit(
      await flushOf([order('a', { at: 10_000 }), order('b', { product: 'tea' }), order('c', { product: 'Tea' })]),
    );
    const rows = store.rows('trade');
    expect(rows.map((row) => [row['window_start'], row['product']])).toEqual([
      ['2026-01-01T00:00:00.000Z', 'Tea'],
      ['2026-01-01T00:00:00.000Z', 'tea'],
      ['2026-01-01T00:00:10.000Z', 'tea'],
    ]);
    expect(Object.keys(rows[0] ?? {})).toEqual([
      'window_start',
      'product',
      'orders',
      'cents',
      'least',
      'most',
      'mean_sum',
      'mean_count',
      'mean',
    ]);
    expect(store.rows('pace')).toEqual([]);
  });

  test('a table that the pipeline does not declare is refused before the first flush', async () => {
    const store = memoryStore({ ...graph, windows: [pace] });
    const rehearsal = [await foldOf([])];
    expect(() => store.prepare(async () => ({ folds: [], unfit: new Map() }), rehearsal)).toThrow(StoreError);
    expect(() => store.rows('trade')).toThrow("'trade', which its pipeline does not declare");
  });

  test('its horizon only moves forward', () => {
    const store = memoryStore(graph);
    expect(store.horizon()).toBe(0);
    store.setHorizon(5);
    store.setHorizon(3);
    expect(store.horizon()).toBe(5);
  });
});
