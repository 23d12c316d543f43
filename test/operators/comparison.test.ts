import { describe, expect, test } from 'vitest';
import { memoryStore, type Store, StoreError } from '../../src/index.ts';
import { atOnce, order, orderPipeline, run, sent } from '../support/orders.ts';

const graph = orderPipeline();
const many = (cents: number) => Array.from({ length: 9 }, (_, n) => order(`${n}`, { cents }));

describe('comparison', () => {
  test('one that fails is tried again, and one that takes too long is made in halves', async () => {
    const store = memoryStore(graph);
    await run(graph, store, [sent(many(1))]);
    const sizes: number[] = [];
    const slow: Store = {
      ...store,
      async compare(entries) {
        sizes.push(entries.length);
        if (sizes.length === 1) throw new StoreError('retry', 'CONNECTION_CLOSED', 'connection lost');
        if (entries.length > 3) throw new StoreError('slow', '57014', 'canceling statement due to statement timeout');
        return store.compare(entries);
      },
    };
    expect(await run(graph, slow, [sent(many(2))])).toMatchObject({ committed: 0, duplicates: 0, rejected: 9 });
    expect(sizes).toEqual([9, 9, 4, 2, 2, 5, 2, 3]);
  });

  test('one alone that takes too long is tried again', async () => {
    const store = memoryStore(graph);
    const slow: Store = {
      ...store,
      compare: (() => {
        let tries = 0;
        return (entries) =>
          ++tries < 4 ? Promise.reject(new StoreError('slow', '57014', 'too slow')) : store.compare(entries);
      })(),
    };
    await run(graph, store, [sent([order('a')])]);
    expect(await run(graph, slow, [sent([order('a', { cents: 2 })])])).toMatchObject({ rejected: 1 });
  });

  test('an error that is not worth another try ends the run, and nothing is acknowledged', async () => {
    const store = memoryStore(graph);
    const broken: Store = {
      ...store,
      compare: () => Promise.reject(new StoreError('fatal', '42883', 'no such function')),
    };
    const delivery = sent([order('a')]);
    expect(await run(graph, broken, [delivery])).toMatchObject({ committed: 1 });
    const again = sent([order('a')]);
    await expect(run(graph, broken, [again])).rejects.toThrow('no such function');
    expect(again[0]?.story).not.toContain('acknowledge');
  });

  test('nothing is compared where nothing was there already', async () => {
    const store = memoryStore(orderPipeline(undefined, { retry: atOnce }));
    const compare = () => Promise.reject(new Error('compared'));
    expect(await run(graph, { ...store, compare }, [sent(many(1), [order('other')])])).toMatchObject({ committed: 10 });
  });

  test('a thousand contents under one id are compared at once, not one by one', async () => {
    const store = memoryStore(graph);
    let [commits, compares] = [0, 0];
    const counting: Store = {
      ...store,
      commit(flush) {
        commits++;
        return store.commit(flush);
      },
      compare(entries) {
        compares++;
        return store.compare(entries);
      },
    };
    const contents = Array.from({ length: 1_000 }, (_, cents) => order('a', { cents }));
    expect(await run(graph, counting, [sent(contents)])).toMatchObject({ committed: 1, rejected: 999 });
    const unfit = contents.map((each) => ({ ...each, id: 'b', product: null }));
    expect(await run(graph, counting, [sent(unfit)])).toMatchObject({ committed: 0, rejected: 1_000 });
    expect([commits, compares]).toEqual([4, 1]);
  });
});
