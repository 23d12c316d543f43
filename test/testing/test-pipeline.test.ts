import { map } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  acknowledge,
  count,
  decode,
  eventTable,
  filterEvents,
  foldInto,
  gather,
  json,
  pipeline,
  sum,
  transaction,
  tumbling,
  windowTable,
} from '../../src/index.ts';
import storefront from '../../src/pipelines/storefront.ts';
import { crash, duplicate, late, stall, testPipeline } from '../../src/testing/index.ts';

const Order = z.object({ id: z.string(), at: z.string(), country: z.string(), cents: z.int() });
const orders = eventTable('orders', { schema: Order, id: (e) => e.id, time: (e) => e.at, keep: '90d' });
const sales = windowTable('sales', orders, {
  window: tumbling('1m'),
  key: { country: (e) => e.country },
  measures: { orders: count(), revenue_cents: sum((e) => e.cents) },
});

const shopOf = (chance = () => 0) =>
  pipeline('orders', [orders, sales], ({ messages, store }) =>
    messages.pipe(
      decode(json(orders)),
      gather({ events: 5_000, within: '100ms' }),
      transaction(store, { once: orders }, (fresh$) =>
        fresh$.pipe(
          filterEvents(() => chance() < 0.5),
          foldInto(sales),
        ),
      ),
      acknowledge(),
    ),
  );

const order = (id: string, cents = 100) => ({ id, at: '2026-01-01T00:00:10Z', country: 'DE', cents });
const row = (orders: number, cents: number) => ({
  window_start: '2026-01-01T00:00:00.000Z',
  country: 'DE',
  orders: String(orders),
  revenue_cents: String(cents),
  state: 'open',
});

describe('a pipeline under test', () => {
  test('settles what it is sent, in virtual time: an object, a text, several in a message', async () => {
    const shop = testPipeline(shopOf());
    await shop.send(order('a'), JSON.stringify(order('b')), [order('c'), order('d')]);
    expect(shop.windows(sales)).toMatchObject([row(4, 400)]);
    expect(shop.events()).toBe(4);
    expect(shop.now()).toBeLessThan(Date.UTC(2026, 0, 1) + 1_000);
  });

  test.each([
    ['a duplicate', [duplicate(order('b'))]],
    ['a message that comes later', [late(order('b'), '2m')]],
    ['a crash after the commit and before the delete', [order('b'), crash()]],
    ['one crash after the other', [order('b'), crash(), crash(), crash()]],
    ['a worker that stands still until its messages are others’', [order('b'), stall('90s')]],
    ['a worker that stands still for less than that', [order('b'), stall('30s')]],
  ])('counts each event once, whatever strikes: %s', async (_, items) => {
    const shop = testPipeline(shopOf());
    await shop.send(order('a'), ...items);
    expect(shop.windows(sales)).toMatchObject([row(2, 200)]);
    expect(shop.rejects()).toEqual([]);
  });

  test('a crash costs one visibility timeout, in virtual time', async () => {
    const shop = testPipeline(shopOf(), { visibility: '30s' });
    const before = shop.now();
    await shop.send(order('a'), crash());
    expect(shop.now() - before).toBeGreaterThanOrEqual(30_000);
    expect(shop.now() - before).toBeLessThan(40_000);
  });

  test('what cannot be processed is a reject with its reason, and its siblings count', async () => {
    const shop = testPipeline(shopOf());
    await shop.send('not json', [order('a'), { id: 'b' }]);
    expect(shop.windows('sales')).toMatchObject([row(1, 100)]);
    expect(shop.rejects()).toMatchObject([
      { reason: 'not-json', stage: 'decode', body: 'not json' },
      { reason: 'schema', stage: 'decode', body: '{"id":"b"}' },
    ]);
  });

  test('an event that has a field named fault is an event', async () => {
    const shop = testPipeline(shopOf());
    await shop.send({ ...order('a'), fault: 'crash' });
    expect(shop.windows(sales)).toMatchObject([row(1, 100)]);
  });

  test('time moves to an instant and by a span, and starts where it is told', async () => {
    const shop = testPipeline(shopOf(), { startAt: '2026-03-01T00:00:00Z' });
    await shop.advanceTo('2026-03-01T12:00:00Z');
    await shop.advance('30m');
    expect(new Date(shop.now()).toISOString()).toBe('2026-03-01T12:30:00.000Z');
    await expect(shop.advanceTo('noon')).rejects.toThrow('expected a time from 1970 to 2250');
  });

  test('begins at 2026-01-01T00:00:00Z, and its clock stands still between its steps', async () => {
    const shop = testPipeline(shopOf());
    expect(new Date(shop.now()).toISOString()).toBe('2026-01-01T00:00:00.000Z');
    await new Promise((resolve) => setImmediate(resolve));
    expect(new Date(shop.now()).toISOString()).toBe('2026-01-01T00:00:00.000Z');
  });

  test('days pass to the millisecond, and a message that comes days later comes in its own', async () => {
    const shop = testPipeline(shopOf());
    await shop.send(order('a'), late({ ...order('b'), at: '2026-01-04T00:00:00Z' }, '3d'));
    const settledAt = shop.now();
    expect(settledAt).toBeGreaterThanOrEqual(Date.UTC(2026, 0, 4));
    expect(settledAt).toBeLessThan(Date.UTC(2026, 0, 4) + 1_000);
    await shop.advance('5d');
    expect(shop.now()).toBe(settledAt + 5 * 86_400_000);
    expect(shop.windows(sales)).toMatchObject([{ orders: '1' }, { window_start: '2026-01-04T00:00:00.000Z' }]);
  });

  test('windows tell their state and count their merges', async () => {
    const shop = testPipeline(shopOf());
    await shop.send(order('a'));
    expect(shop.windows(sales)).toEqual([{ ...row(1, 100), state: 'open', revision: 1 }]);
    await shop.advance('5m');
    expect(shop.windows(sales)).toEqual([{ ...row(1, 100), state: 'final', revision: 1 }]);
    await shop.send(order('b'));
    expect(shop.windows(sales)).toEqual([{ ...row(2, 200), state: 'revised', revision: 2 }]);
  });

  test('what is older than keep is a reject: at the start, and as days pass', async () => {
    const shop = testPipeline(shopOf(), { startAt: '2026-04-01T00:00:00Z' });
    const dated = (id: string, at: string) => ({ ...order(id), at });
    await shop.send(dated('before', '2025-12-31T23:59:59Z'), dated('first', '2026-01-01T00:00:00Z'));
    expect(shop.rejects()).toMatchObject([{ reason: 'too-old', body: expect.stringContaining('before') }]);
    await shop.advance('2d');
    await shop.send(dated('late', '2026-01-02T23:59:59Z'), dated('young', '2026-01-03T00:00:00Z'));
    expect(shop.rejects()).toMatchObject([{}, { reason: 'too-old', body: expect.stringContaining('late') }]);
    expect(shop.windows(sales).map(({ window_start }) => window_start)).toEqual([
      '2026-01-01T00:00:00.000Z',
      '2026-01-03T00:00:00.000Z',
    ]);
  });

  test('a graph that is not pure fails, and says so', async () => {
    let calls = 0;
    const shop = testPipeline(shopOf(() => (calls++ % 2 === 0 ? 0 : 1)));
    await expect(shop.send(order('a'))).rejects.toThrow(/described the same events differently the second time/);
  });

  test('a graph that loses its batches fails within a day of virtual time', async () => {
    const lossy = pipeline('lossy', [orders, sales], ({ messages, store }) =>
      messages.pipe(
        decode(json(orders)),
        map((batch) => ({ ...batch, entries: [], messages: [] })),
        transaction(store, { once: orders }, (fresh$) => fresh$.pipe(foldInto(sales))),
        acknowledge(),
      ),
    );
    await expect(testPipeline(lossy).send(order('a'))).rejects.toThrow(
      /1 messages are not settled within a day of virtual time/,
    );
  });

  test('a table that is not of the pipeline is refused by name', () => {
    expect(() => testPipeline(shopOf()).windows('sale')).toThrow(
      "windows: expected a window table of pipeline 'orders': sales; got 'sale'. Fix: did you mean 'sales'?",
    );
  });

  test('the storefront runs as it is, though its file knows nothing of virtual time', async () => {
    const shop = testPipeline(storefront);
    const at = '2026-01-01T00:00:10Z';
    const visit = { user: 'u', session: 's', country: 'DE', device: 'mobile', at };
    await shop.send(
      { ...visit, id: '00000000-0000-4000-8000-000000000001', type: 'page_view', product: 'tea' },
      {
        ...visit,
        id: '00000000-0000-4000-8000-000000000002',
        type: 'purchase',
        product: 'tea',
        cents: 450,
        currency: 'EUR',
      },
      crash(),
    );
    expect(shop.windows('country_sales')).toMatchObject([{ country: 'DE', purchases: '1', revenue_cents: '450' }]);
  });
});
