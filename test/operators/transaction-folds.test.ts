import { EMPTY, from, lastValueFrom, map, merge } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { filterEvents, flatMapEvents, foldInto, mapEvents, memoryStore } from '../../src/index.ts';
import { faultyStore } from '../support/faulty-store.ts';
import { nothing, order, orderPipeline, pace, run, sent, trade } from '../support/orders.ts';

describe('the inner graph of a transaction', () => {
  test('an event that is unfit in one branch is a reject and counts in none', async () => {
    const graph = orderPipeline((fresh$) => merge(fresh$.pipe(foldInto(pace)), fresh$.pipe(foldInto(trade))));
    const store = memoryStore(graph);
    const totals = await run(graph, store, [sent([order('a'), order('bad', { product: null }), order('c')])]);
    expect(totals).toEqual({ ...nothing, committed: 2, rejected: 1, windows: 2 });
    expect(store.rows('pace')).toMatchObject([{ orders: '2' }]);
    expect(store.rows('trade')).toMatchObject([{ orders: '2' }]);
    expect(store.rejects()).toMatchObject([{ reason: 'unfoldable', stage: 'foldInto(trade)' }]);
  });

  test('an event that a filter of one branch throws for counts in none', async () => {
    const graph = orderPipeline((fresh$) =>
      merge(
        fresh$.pipe(foldInto(pace)),
        fresh$.pipe(
          filterEvents((e) => e.product?.startsWith('t') ?? thrown()),
          foldInto(trade),
        ),
      ),
    );
    const store = memoryStore(graph);
    const totals = await run(graph, store, [
      sent([order('a'), order('bad', { product: null }), order('c', { product: 'mug' })]),
    ]);
    expect(totals).toEqual({ ...nothing, committed: 2, rejected: 1, windows: 2 });
    expect(store.rows('pace')).toMatchObject([{ orders: '2' }]);
    expect(store.rows('trade')).toMatchObject([{ orders: '1' }]);
    expect(store.rejects()).toMatchObject([{ reason: 'callback', detail: 'no product', stage: 'filterEvents' }]);
  });

  test('two branches into one table are one fold', async () => {
    const is = (product: string) => filterEvents((e: { product: string | null }) => e.product === product);
    const graph = orderPipeline((fresh$) =>
      merge(fresh$.pipe(is('tea') as never, foldInto(trade)), fresh$.pipe(is('mug') as never, foldInto(trade))),
    );
    const store = faultyStore(memoryStore(graph), {});
    await run(graph, store, [sent([order('a'), order('b', { product: 'mug' }), order('c', { product: 'pot' })])]);
    expect(store.flushes.map((flush) => flush.folds.map((fold) => fold.table.name))).toEqual([['trade']]);
    expect(store.rows('trade').map((row) => [row['product'], row['orders']])).toEqual([
      ['mug', '1'],
      ['tea', '1'],
    ]);
    expect(store.events()).toBe(3);
  });

  test('inside, children of an event are folded under its position, and events may be mapped', async () => {
    const graph = orderPipeline((fresh$) =>
      fresh$.pipe(
        flatMapEvents((e) => [e, { ...e, product: 'all' }]),
        mapEvents((e) => ({ ...e, cents: e.cents * 2 })),
        foldInto(trade),
      ),
    );
    const store = memoryStore(graph);
    const twice = sent([order('a'), order('b', { product: 'mug' })]);
    expect(await run(graph, store, [twice, twice])).toEqual({ ...nothing, committed: 2, duplicates: 2, windows: 3 });
    expect(store.rows('trade').map((row) => [row['product'], row['cents']])).toEqual([
      ['all', '400'],
      ['mug', '200'],
      ['tea', '200'],
    ]);
  });

  test('a graph that folds nothing keeps the events all the same', async () => {
    const graph = orderPipeline(() => EMPTY);
    const store = memoryStore(graph);
    expect(await run(graph, store, [sent(order('a'))])).toEqual({ ...nothing, committed: 1 });
  });

  test('an error of the graph itself stops the pipeline and acknowledges nothing', async () => {
    const graph = orderPipeline((fresh$) =>
      fresh$.pipe(
        map((batch) => (batch.entries.length > 0 ? thrown() : batch)),
        foldInto(trade),
      ),
    );
    const delivery = sent(order('a'));
    await expect(lastValueFrom(graph.graph({ messages: from([delivery]), store: memoryStore(graph) }))).rejects.toThrow(
      'no product',
    );
    expect(delivery[0]?.story.at(-1)).toBe('hold transaction');
  });
});

function thrown(): never {
  throw new Error('no product');
}
