import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Flush, StoreError } from '../../../src/index.ts';
import { message } from '../../support/message.ts';
import { batchOf, type Order, order, orderPipeline, orders, run, trade } from '../../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../../support/postgres-place.ts';
import { type PostgresProxy, postgresProxy } from '../../support/postgres-proxy.ts';

let place: PostgresPlace;
let proxy: PostgresProxy;
beforeEach(async () => {
  place = await postgresPlace();
  proxy = await postgresProxy(place.url);
});
afterEach(async () => {
  await place.close();
  await proxy.close();
});

const pipeline = orderPipeline();
let next = 0;
const one = () => [message(JSON.stringify(order(`order ${(next += 1)}`)))];

/** A store behind the proxy, warm: its statement is prepared, its partition known. */
async function warmStore(options: { connections?: number; statementMs?: number } = {}) {
  const database = place.database({ url: proxy.url, connections: 1, ...options });
  await database.migrate(pipeline);
  const store = await database.open(pipeline, { worker: 'proxied' });
  await run(pipeline, store, [one()]);
  await run(pipeline, store, [one()]);
  return { database, store };
}

async function exactly(count: number): Promise<void> {
  expect(await place.events(orders)).toBe(count);
  expect(await place.windows(trade)).toMatchObject([{ orders: String(count), cents: String(count * 100) }]);
}

test('an answer cut at any byte is an unknown outcome, which the repeated flush resolves: nothing counts twice', async () => {
  const { store } = await warmStore();
  const before = proxy.passed['to-client'];
  await run(pipeline, store, [one()]);
  const answer = proxy.passed['to-client'] - before;
  expect(answer).toBeGreaterThan(50);
  for (let byte = 0; byte < answer; byte++) {
    const struck = proxy.strike({ direction: 'to-client', after: byte, kind: 'cut' });
    const totals = await run(pipeline, store, [one()]);
    await struck;
    // It was committed before its answer was lost: the second time finds it there.
    expect(totals).toMatchObject({ committed: 0, duplicates: 1 });
  }
  await exactly(3 + answer);
});

test('a flush cut at any sixteenth of its way is sent again: nothing is lost', async () => {
  const { store } = await warmStore();
  const before = proxy.passed['to-server'];
  await run(pipeline, store, [one()]);
  const request = proxy.passed['to-server'] - before;
  for (let part = 0; part < 16; part++) {
    const struck = proxy.strike({ direction: 'to-server', after: Math.floor((request * part) / 16), kind: 'cut' });
    await run(pipeline, store, [one()]);
    await struck;
  }
  await exactly(3 + 16);
});

test('a connection that breaks anywhere in its beginning does not spoil the pool', async () => {
  const { store } = await warmStore();
  for (const direction of ['to-client', 'to-server'] as const) {
    for (let byte = 0; byte < 400; byte += 13) {
      proxy.cutAll();
      const struck = proxy.strike({ direction, after: byte, kind: 'cut' });
      await run(pipeline, store, [one()]);
      await struck;
    }
  }
  await exactly(2 + 62);
});

test.each(['to-client', 'to-server'] as const)(
  'a connection that goes silent %s is given up, and the flush repeated on another',
  async (direction) => {
    const { store } = await warmStore({ statementMs: 100 });
    const struck = proxy.strike({ direction, after: 20, kind: 'stall' });
    await run(pipeline, store, [one()]);
    await struck;
    await exactly(3);
  },
);

test('an answer that gets lost on an open connection is an error in the end, and the flush finds its events there', async () => {
  const { store } = await warmStore({ statementMs: 100 });
  const struck = proxy.strike({ direction: 'to-client', after: 0, kind: 'swallow' });
  expect(await run(pipeline, store, [one()])).toMatchObject({ committed: 0, duplicates: 1 });
  await struck;
  await exactly(3);
});

test.each(['refuse', 'hang-up'] as const)(
  'a database whose door says %s a hundred times is used again once it is open',
  async (door) => {
    const { store } = await warmStore({ connections: 2 });
    await proxy.door(door);
    proxy.cutAll();
    const [entries] = [flushOf(order('at the door'))];
    for (let refusals = 0; refusals < 100; ) {
      const error = await store.commit(entries).catch((thrown: unknown) => thrown);
      expect((error as StoreError).failure).toBe('retry');
      refusals++;
    }
    await proxy.door('open');
    expect(await run(pipeline, store, [[message(JSON.stringify(order('at the door')))]])).toMatchObject({
      committed: 1,
    });
    await exactly(3);
  },
);

test('one refused flush knocks once: the driver does not connect again by itself', async () => {
  const { store } = await warmStore();
  await proxy.door('hang-up');
  proxy.cutAll();
  const before = proxy.accepted;
  for (let n = 0; n < 10; n++) await store.commit(flushOf(order('waits'))).catch(() => undefined);
  expect(proxy.accepted - before).toBeLessThanOrEqual(10);
});

test('a database that accepts and never answers is an error, not a wait without end', async () => {
  const { store } = await warmStore();
  await proxy.door('ignore');
  proxy.cutAll();
  await store.commit(flushOf(order('ignored'))).catch(() => undefined);
  const error = await store.commit(flushOf(order('ignored'))).catch((thrown: unknown) => thrown);
  expect((error as StoreError).failure).toBe('retry');
  await proxy.door('open');
  await run(pipeline, store, [one()]);
  await exactly(3);
});

/** A flush that inserts one event and folds nothing. */
function flushOf(value: Order): Flush {
  return { entries: batchOf([value]).entries, folds: [], rejects: [] };
}
