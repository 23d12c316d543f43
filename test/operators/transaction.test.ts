import { lastValueFrom, merge, Observable, of, toArray } from 'rxjs';
import { describe, expect, test } from 'vitest';
import type { Delivery } from '../../src/custody.ts';
import {
  acknowledge,
  decode,
  filterEvents,
  foldInto,
  json,
  mapEvents,
  memoryStore,
  pipeline,
  transaction,
  tumbling,
  windowTable,
} from '../../src/index.ts';
import { faultyStore } from '../support/faulty-store.ts';
import { SENT_AT } from '../support/message.ts';
import { atOnce, nothing, order, orderPipeline, orders, run, sent, trade } from '../support/orders.ts';

const start = new Date(SENT_AT).toISOString();

describe('transaction', () => {
  test('new events are folded and kept, rejects are kept, and the messages are acknowledged afterwards', async () => {
    const graph = orderPipeline();
    const store = memoryStore(graph);
    const delivery = sent(
      [order('a', { cents: 5 }), order('b', { cents: 7 }), { id: 'bad' }],
      order('c', { product: 'mug' }),
    );
    expect(await run(graph, store, [delivery])).toEqual({ ...nothing, committed: 3, rejected: 1, windows: 2 });
    expect(store.rows('trade')).toEqual([
      {
        window_start: start,
        product: 'mug',
        orders: '1',
        cents: '100',
        least: '100',
        most: '100',
        mean_sum: '100',
        mean_count: '1',
        mean: '100',
      },
      {
        window_start: start,
        product: 'tea',
        orders: '2',
        cents: '12',
        least: '5',
        most: '7',
        mean_sum: '12',
        mean_count: '2',
        mean: '6',
      },
    ]);
    expect(store.events()).toBe(3);
    expect(store.rejects()).toMatchObject([{ reason: 'schema', message: delivery[0] }]);
    for (const { story } of delivery)
      expect(story).toEqual(['at decode', 'hold transaction', 'at committed', 'acknowledge']);
  });

  test('an event counts once, however often and in whatever message it comes', async () => {
    const graph = orderPipeline();
    const store = memoryStore(graph);
    const a = order('a');
    const again = sent([a]);
    const totals = await run(graph, store, [sent([a, a]), again, again, sent([order('b'), a])]);
    expect(totals).toEqual({ ...nothing, committed: 2, duplicates: 4, windows: 1 });
    expect(store.rows('trade')).toMatchObject([{ orders: '2' }]);
  });

  test('one id at two times is two events', async () => {
    const graph = orderPipeline();
    const store = memoryStore(graph);
    expect(await run(graph, store, [sent([order('a'), order('a', { at: 1 })])])).toMatchObject({ committed: 2 });
  });

  test('a reject that is delivered again is kept once', async () => {
    const graph = orderPipeline();
    const store = memoryStore(graph);
    const delivery = sent('nope', { id: 'x' });
    expect(await run(graph, store, [delivery, delivery])).toEqual({ ...nothing, rejected: 2, duplicates: 2 });
    expect(store.rejects()).toHaveLength(2);
  });

  test('events changed before it pass the schema again, and what is folded is what is stored', async () => {
    const graph = pipeline('changed', [orders, trade], ({ messages, store }) =>
      messages.pipe(
        decode(json(orders)),
        mapEvents((e) => ({ ...e, cents: e.id === 'bad' ? Number.NaN : e.cents + 1, extra: 1 })),
        transaction(store, { once: orders }, (fresh$) => fresh$.pipe(foldInto(trade))),
        acknowledge(),
      ),
    );
    const store = faultyStore(memoryStore(graph), {});
    expect(await run(graph, store, [sent([order('a'), order('bad')])])).toMatchObject({ committed: 1, rejected: 1 });
    expect(store.rejects()).toMatchObject([{ reason: 'schema', stage: 'transaction' }]);
    const [entry] = store.flushes[0]?.entries ?? [];
    expect(JSON.parse(entry?.json ?? '')).toEqual({ ...order('a', { cents: 101 }), extra: 1 });
    expect(entry?.value).toEqual(order('a', { cents: 101 }));
    expect(store.rows('trade')).toMatchObject([{ cents: '101' }]);
  });

  test('what filters took out before it is settled and counted as filtered', async () => {
    const graph = pipeline('filtered', [orders, trade], ({ messages, store }) =>
      messages.pipe(
        decode(json(orders)),
        filterEvents((e) => e.cents > 0),
        transaction(store, { once: orders }, (fresh$) => fresh$.pipe(foldInto(trade))),
        acknowledge(),
      ),
    );
    const store = memoryStore(graph);
    const delivery = sent([order('a', { cents: 0 })]);
    expect(await run(graph, store, [delivery])).toEqual({ ...nothing, filtered: 1 });
    expect(store.events()).toBe(0);
    expect(delivery[0]?.story.at(-1)).toBe('acknowledge');
  });

  test('a large batch goes in several statements of at most `events`, and is one committed batch', async () => {
    const graph = orderPipeline(undefined, { events: 4 });
    const store = faultyStore(memoryStore(graph), {});
    const batch = Array.from({ length: 10 }, (_, i) => order(`${i}`));
    const receipts = await lastValueFrom(
      graph.graph({ messages: of(sent([...batch, batch[0] as object, {}])), store }).pipe(toArray()),
    );
    expect(store.flushes.map((flush) => [flush.entries.length, flush.rejects.length])).toEqual([
      [4, 1],
      [4, 0],
      [2, 0],
    ]);
    for (const { entries } of store.flushes)
      expect(entries.map((entry) => entry.position)).toEqual([...entries.keys()]);
    expect(receipts).toEqual([
      { acknowledged: 1, counts: { ...nothing, committed: 10, duplicates: 1, rejected: 1, windows: 1 } },
    ]);
    expect(store.rows('trade')).toMatchObject([{ orders: '10' }]);
  });

  test('at most so many flushes are under way at once as told', async () => {
    const graph = orderPipeline(undefined, { concurrency: 3, retry: atOnce });
    const store = memoryStore(graph);
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    let underWay = 0;
    let most = 0;
    const gate: typeof store = {
      ...store,
      async commit(flush) {
        most = Math.max(most, ++underWay);
        if (underWay === 3) open();
        await opened; // never, if fewer than three came at once
        const outcome = await store.commit(flush);
        underWay--;
        return outcome;
      },
    };
    const deliveries = Array.from({ length: 9 }, (_, i) => sent(order(`${i}`)));
    expect(await run(graph, gate, deliveries)).toMatchObject({ committed: 9 });
    expect(most).toBe(3);
  });

  test('a table that the pipeline does not declare is found before any message is received', async () => {
    const stray = windowTable('stray', orders, { window: tumbling('1m'), key: {}, measures: {} });
    const graph = orderPipeline((fresh$) => merge(fresh$.pipe(foldInto(trade)), fresh$.pipe(foldInto(stray))));
    let subscribed = false;
    const messages = new Observable<Delivery>((subscriber) => {
      subscribed = true;
      subscriber.complete();
    });
    const ended = lastValueFrom(graph.graph({ messages, store: memoryStore(graph) }), { defaultValue: 'completed' });
    await expect(ended).rejects.toThrow("the graph folds into 'stray', which its pipeline does not declare");
    expect(subscribed).toBe(false);
  });
});
