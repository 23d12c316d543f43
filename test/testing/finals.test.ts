import { expect, test } from 'vitest';
import {
  acknowledge,
  decode,
  eventTable,
  foldInto,
  json,
  mean,
  pipeline,
  sum,
  toTable,
  transaction,
  tumbling,
  whenFinal,
  windowTable,
} from '../../src/index.ts';
import { crash, late, testPipeline } from '../../src/testing/index.ts';
import { Order } from '../support/orders.ts';
import { collecting } from '../when-final/nowhere.ts';

const orders = eventTable('orders', { schema: Order, id: (e) => e.id, time: (e) => e.at, keep: '90d' });
const sales = windowTable('sales', orders, {
  window: tumbling('1m'),
  key: { product: (e) => e.product ?? '' },
  measures: { cents: sum((e) => e.cents), basket: mean((e) => e.cents) },
});
const { sink, got } = collecting();
const shopOf = () =>
  pipeline(
    'shop',
    [orders, sales, whenFinal(sales, toTable('f')), whenFinal(sales, sink, { name: 'hook' })],
    ({ messages, store }) =>
      messages.pipe(
        decode(json(orders)),
        transaction(store, { once: orders }, (fresh$) => fresh$.pipe(foldInto(sales))),
        acknowledge(),
      ),
  );

const START = Date.UTC(2026, 0, 1);
const order = (id: string, cents: number): Order => ({ id, at: START + 10_000, product: 'tea', cents });

test('finals are what whenFinal received so far: not before the lateness has passed, and again with each revision', async () => {
  const shop = testPipeline(shopOf());
  await shop.send(order('a', 100), order('b', 50));
  await shop.advance('2m');
  expect(shop.finals(sales)).toEqual([]);
  await shop.advance('2m');
  const final = {
    table: 'sales',
    start: '2026-01-01T00:00:00.000Z',
    end: '2026-01-01T00:01:00.000Z',
    key: { product: 'tea' },
    measures: { cents: '150', basket: '75', basket_sum: '150', basket_count: '2' },
    revised: false,
  };
  expect(shop.finals(sales)).toMatchObject([final]);
  await shop.send(order('c', 1));
  await shop.advance('10s');
  const [first, second, ...more] = shop.finals(sales);
  expect(second).toMatchObject({ ...final, measures: { cents: '151' }, revised: true });
  expect(second?.revision).toBe((first?.revision ?? 0) + 1);
  expect(second?.delivery).not.toBe(first?.delivery);
  expect(more).toEqual([]);
  expect(shop.finals('sales')).toEqual(shop.finals(sales));
  expect(got).toEqual([]);
});

test('a crash makes nothing late: windows wait for what comes back', async () => {
  const shop = testPipeline(shopOf());
  await shop.send(order('a', 100), crash(), order('b', 50), late(order('c', 7), '30s'));
  await shop.advance('5m');
  expect(shop.finals(sales)).toMatchObject([{ measures: { cents: '157' }, revised: false }]);
});

test('a table that is not declared has no finals', () => {
  expect(() => testPipeline(shopOf()).finals('trade')).toThrow(
    "finals: expected a window table of pipeline 'shop': sales; got 'trade'. Fix: declare it in the pipeline, or name one that is there",
  );
});

test('windows become final in their order, however far time moves on at once', async () => {
  const shop = testPipeline(shopOf());
  const minutes = [3, 1, 2, 0];
  for (const minute of minutes) await shop.send({ ...order(`m${minute}`, 1), at: START + minute * 60_000 });
  await shop.advance('7d');
  expect(shop.finals(sales).map(({ start, revised }) => [start.slice(14, 16), revised])).toEqual(
    ['00', '01', '02', '03'].map((minute) => [minute, false]),
  );
});

test('a revision is received however far time moves on at once, and after a crash too', async () => {
  const shop = testPipeline(shopOf());
  await shop.send(order('a', 100), crash());
  await shop.advance('1d');
  await shop.send(order('b', 1), crash());
  await shop.advance('1d');
  expect(shop.finals(sales)).toMatchObject([
    { measures: { cents: '100' }, revised: false },
    { measures: { cents: '101' }, revised: true },
  ]);
});
