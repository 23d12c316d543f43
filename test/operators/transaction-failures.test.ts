import { lastValueFrom, of } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { memoryStore, StoreError } from '../../src/index.ts';
import { backoff } from '../../src/operators/backoff.ts';
import { faultyStore, refusing, unknownOutcome } from '../support/faulty-store.ts';
import { SENT_AT } from '../support/message.ts';
import { order, orderPipeline, orders, run, sent } from '../support/orders.ts';

const many = (n: number) => Array.from({ length: n }, (_, i) => order(`${i}`));
const graph = orderPipeline();

describe('transaction', () => {
  test('a flush whose outcome is unknown is repeated as it was, and nothing counts twice', async () => {
    const store = faultyStore(memoryStore(graph), { after: (_, n) => (n <= 3 ? unknownOutcome() : undefined) });
    const totals = await run(graph, store, [sent([...many(5), {}])]);
    expect(store.flushes).toHaveLength(4);
    for (const flush of store.flushes) expect(flush).toBe(store.flushes[0]);
    expect(store.rows('trade')).toMatchObject([{ orders: '5', cents: '500' }]);
    expect(store.events()).toBe(5);
    expect(store.rejects()).toHaveLength(1);
    // what the first try committed is no news to the fourth
    expect(totals).toMatchObject({ committed: 0, rejected: 0, duplicates: 6 });
  });

  test('a flush that was not committed is repeated until it is', async () => {
    const store = faultyStore(memoryStore(graph), { before: (_, n) => (n <= 9 ? unknownOutcome() : undefined) });
    expect(await run(graph, store, [sent(many(3))])).toMatchObject({ committed: 3 });
    expect(store.flushes).toHaveLength(10);
  });

  test('after the last attempt the error passes on and nothing is acknowledged', async () => {
    const limited = orderPipeline(undefined, {
      retry: backoff({ first: '1ms', cap: '1ms', random: () => 0, attempts: 3 }),
    });
    const store = faultyStore(memoryStore(limited), { before: unknownOutcome });
    const delivery = sent(many(1));
    await expect(lastValueFrom(limited.graph({ messages: of(delivery), store }))).rejects.toThrow('connection lost');
    expect(store.flushes).toHaveLength(3);
    expect(delivery[0]?.story).not.toContain('acknowledge');
  });

  test.each(['fenced', 'fatal'] as const)(
    'a %s failure passes on at once and nothing is acknowledged',
    async (failure) => {
      const store = faultyStore(memoryStore(graph), { before: () => new StoreError(failure, 'x', `it is ${failure}`) });
      const delivery = sent(many(4));
      await expect(lastValueFrom(graph.graph({ messages: of(delivery), store }))).rejects.toThrow(`it is ${failure}`);
      expect(store.flushes).toHaveLength(1);
      expect(delivery[0]?.story).not.toContain('acknowledge');
    },
  );

  test.each(['0', '500', '777', '999'])(
    'event %s of 1,000 that the store refuses is found in log₂ steps and is a reject; its siblings are committed',
    async (bad) => {
      const store = faultyStore(memoryStore(graph), { before: refusing(bad) });
      const totals = await run(graph, store, [sent(many(1_000))]);
      expect(totals).toMatchObject({ committed: 999, rejected: 1, duplicates: 0 });
      // 10 halvings, two flushes each, the first flush, and the one that keeps the reject
      expect(store.flushes.length).toBeLessThanOrEqual(2 * 10 + 2);
      expect(store.rows('trade')).toMatchObject([{ orders: '999' }]);
      expect(store.rejects()).toMatchObject([
        {
          reason: 'refused-by-store',
          stage: 'store',
          detail: 'the database does not like this event',
          body: JSON.stringify(order(bad)),
          ordinal: Number(bad),
        },
      ]);
    },
  );

  test('several refused events all become rejects, beside those that came along', async () => {
    const store = faultyStore(memoryStore(graph), { before: refusing('1', '2', '7') });
    const totals = await run(graph, store, [sent([...many(8), {}])]);
    expect(totals).toMatchObject({ committed: 5, rejected: 4, duplicates: 0 });
    expect(
      store
        .rejects()
        .map((reject) => reject.reason)
        .sort(),
    ).toEqual(['refused-by-store', 'refused-by-store', 'refused-by-store', 'schema']);
  });

  test('a flush that takes too long is halved until its parts are fast enough', async () => {
    const store = faultyStore(memoryStore(graph), {
      before: ({ entries }) => (entries.length > 3 ? new StoreError('slow', '57014', 'timeout') : undefined),
    });
    expect(await run(graph, store, [sent(many(20))])).toMatchObject({ committed: 20, rejected: 0 });
    expect(store.rows('trade')).toMatchObject([{ orders: '20' }]);
  });

  test('one event that takes too long is tried again: it is not to blame', async () => {
    const store = faultyStore(memoryStore(graph), {
      before: (_, n) => (n <= 4 ? new StoreError('slow', '57014', 'timeout') : undefined),
    });
    expect(await run(graph, store, [sent(many(1))])).toMatchObject({ committed: 1, rejected: 0 });
    expect(store.flushes).toHaveLength(5);
  });

  test('a store that refuses a flush without events stops the pipeline: no event is the cause', async () => {
    const store = faultyStore(memoryStore(graph), { before: () => new StoreError('event', '22021', 'bad reject') });
    await expect(lastValueFrom(graph.graph({ messages: of(sent([{}])), store }))).rejects.toThrow('bad reject');
  });

  test('bisection and unknown outcomes together count nothing twice', async () => {
    const refuse = refusing('3');
    const store = faultyStore(memoryStore(graph), {
      before: refuse,
      after: (_, n) => (n % 2 === 0 ? unknownOutcome() : undefined),
    });
    const totals = await run(graph, store, [sent(many(16))]);
    expect(store.rows('trade')).toMatchObject([{ orders: '15' }]);
    expect(store.rejects()).toHaveLength(1);
    expect(totals.committed + totals.duplicates + totals.rejected).toBe(16);
  });

  test('events before the horizon are rejects: they cannot be told from repeats', async () => {
    const store = memoryStore(graph);
    store.setHorizon(SENT_AT * 1_000);
    const totals = await run(graph, store, [sent([order('old', { at: -1 }), order('a'), order('b', { at: 1 })])]);
    expect(totals).toMatchObject({ committed: 2, rejected: 1 });
    expect(store.rejects()).toMatchObject([
      { reason: 'too-old', stage: 'transaction', detail: expect.stringContaining(new Date(SENT_AT).toISOString()) },
    ]);
    expect(store.rows('trade')).toMatchObject([{ orders: '2' }]);
  });

  test('a horizon that moves between the fold and the commit is read again', async () => {
    const inner = memoryStore(graph);
    const store = faultyStore(inner, {
      before: (_, n) => {
        if (n > 1) return undefined;
        inner.setHorizon((SENT_AT + 5) * 1_000);
        return new StoreError('horizon', 'horizon', 'the horizon moved on');
      },
    });
    const totals = await run(graph, store, [sent([order('old'), order('a', { at: 5 })])]);
    expect(totals).toMatchObject({ committed: 1, rejected: 1 });
    expect(store.flushes.map((flush) => flush.entries.map((entry) => entry.id))).toEqual([['old', 'a'], ['a']]);
    expect(store.flushes[1]?.entries[0]?.position).toBe(0);
    expect(inner.rows('trade')).toMatchObject([{ orders: '1' }]);
  });

  test('refused events in every chunk of a large batch are found', async () => {
    const chunked = orderPipeline(undefined, { once: orders, events: 10 });
    const store = faultyStore(memoryStore(chunked), { before: refusing('4', '14', '24') });
    expect(await run(chunked, store, [sent(many(30))])).toMatchObject({ committed: 27, rejected: 3 });
  });
});
