import { expect, test } from 'vitest';
import {
  acknowledge,
  decode,
  filterEvents,
  flatMapEvents,
  foldInto,
  json,
  mapEvents,
  memoryStore,
  pipeline,
  StoreError,
  transaction,
} from '../../src/index.ts';
import { rejectIdentity } from '../../src/reject.ts';
import { faultyStore } from '../support/faulty-store.ts';
import { atOnce, type Order, order, orderPipeline, orders, run, sent, trade } from '../support/orders.ts';

const unfit = (id: string) => ({ ...order(id), product: null });

test('events that an operator changed and that are refused then are rejects of their own, with what arrived', async () => {
  const graph = orderPipeline((fresh$) =>
    fresh$.pipe(
      mapEvents(({ product, cents }) => ({ product, cents }) as Order),
      foldInto(trade),
    ),
  );
  const store = memoryStore(graph);
  const values = Array.from({ length: 5 }, (_, i) => unfit(`${i}`));
  expect(await run(graph, store, [sent(values)])).toMatchObject({ committed: 0, rejected: 5, duplicates: 0 });
  expect(store.rejects().map(({ body }) => body)).toEqual(values.map((value) => JSON.stringify(value)));
  expect(await run(graph, store, [sent(values)])).toMatchObject({ rejected: 0, duplicates: 5 });
});

test('children of an event that are refused are rejects of their own, with what their parent was', async () => {
  const graph = pipeline('orders', [orders, trade], ({ messages, store }) =>
    messages.pipe(
      decode(json(orders)),
      flatMapEvents((e: Order) => [1, 2, 3].map((line) => ({ ...e, id: `${e.id}#${line}`, product: null }))),
      transaction(store, { once: orders, retry: atOnce }, (fresh$) => fresh$.pipe(foldInto(trade))),
      acknowledge(),
    ),
  );
  const store = memoryStore(graph);
  const totals = await run(graph, store, [sent([order('a'), order('b')])]);
  expect(totals).toMatchObject({ committed: 0, rejected: 6, duplicates: 0 });
  expect(new Set(store.rejects().map(rejectIdentity)).size).toBe(6);
  expect(new Set(store.rejects().map(({ body }) => body))).toEqual(
    new Set([JSON.stringify(order('a')), JSON.stringify(order('b'))]),
  );
});

test('an event that an operator leaves without JSON is a reject with what arrived, not with its whole message', async () => {
  const graph = pipeline('orders', [orders, trade], ({ messages, store }) =>
    messages.pipe(
      decode(json(orders)),
      mapEvents((e: Order) => ({ ...e, cents: BigInt(e.cents) }) as unknown as Order),
      transaction(store, { once: orders, retry: atOnce }, (fresh$) => fresh$.pipe(foldInto(trade))),
      acknowledge(),
    ),
  );
  const store = memoryStore(graph);
  expect(await run(graph, store, [sent([order('a'), order('b')])])).toMatchObject({ rejected: 2 });
  expect(store.rejects().map(({ body }) => body)).toEqual([order('a'), order('b')].map((e) => JSON.stringify(e)));
});

test('very many rejects are kept in statements of their own, and the events beside them are committed', async () => {
  const store = faultyStore(memoryStore(orderPipeline()), {});
  const body = `[${Array.from({ length: 5_000 }, () => '1').join()},${JSON.stringify(order('a'))}]`;
  expect(await run(orderPipeline(), store, [sent(body)])).toMatchObject({
    committed: 1,
    rejected: 5_000,
    duplicates: 0,
  });
  expect(Math.max(...store.flushes.map(({ rejects }) => rejects.length))).toBeLessThanOrEqual(2_000);
});

test('rejects that are too much for one statement are kept in halves, apart from the events', async () => {
  const slow = () => new StoreError('slow', '57014', 'too slow');
  const store = faultyStore(memoryStore(orderPipeline()), {
    before: ({ rejects }) => (rejects.length > 3 ? slow() : undefined),
  });
  const delivery = sent(`[${'1,'.repeat(20)}${JSON.stringify(order('a'))}]`);
  expect(await run(orderPipeline(), store, [delivery])).toMatchObject({ committed: 1, rejected: 20 });
  expect(delivery[0]?.story).toContain('acknowledge');
});

test('a reject that the store does not take stops the worker: no event is blamed for it', async () => {
  const refuses = () => new StoreError('event', '54000', 'too large');
  const store = faultyStore(memoryStore(orderPipeline()), {
    before: ({ rejects }) => (rejects.length > 0 ? refuses() : undefined),
  });
  const delivery = sent(`[1,${JSON.stringify(order('a'))}]`);
  await expect(run(orderPipeline(), store, [delivery])).rejects.toThrow('too large');
  expect(store.events()).toBe(1);
  expect(delivery[0]?.story).not.toContain('acknowledge');
});

test('a filter inside the transaction that throws rejects the event as it is stored', async () => {
  const graph = orderPipeline((fresh$) =>
    fresh$.pipe(
      mapEvents((e) => ({ ...e, cents: e.cents * 2 })),
      filterEvents((e) => {
        if (e.id === 'b') throw new Error('no b');
        return true;
      }),
      foldInto(trade),
    ),
  );
  const store = memoryStore(graph);
  expect(await run(graph, store, [sent([order('a'), order('b')])])).toMatchObject({ committed: 1, rejected: 1 });
  expect(store.rejects()).toMatchObject([{ body: JSON.stringify(order('b')), detail: 'no b', stage: 'filterEvents' }]);
});
