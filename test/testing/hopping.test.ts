import { expect, test } from 'vitest';
import {
  acknowledge,
  count,
  decode,
  exactDistinct,
  foldInto,
  hopping,
  json,
  pipeline,
  toTable,
  transaction,
  whenFinal,
  windowTable,
} from '../../src/index.ts';
import { testPipeline } from '../../src/testing/index.ts';
import { order, orders } from '../support/orders.ts';

/** As many panes as there may be. */
const trend = windowTable('trend', orders, {
  window: hopping({ size: '24h', every: '1m' }),
  key: {},
  measures: { orders: count(), products: exactDistinct((e) => e.product) },
});

test('a day every minute in virtual time: windows are final in the order of their ends, and revised by what comes late', async () => {
  const shop = testPipeline(
    pipeline('shop', [orders, trend, whenFinal(trend, toTable('trend_final'))], ({ messages, store }) =>
      messages.pipe(
        decode(json(orders)),
        transaction(store, { once: orders }, (fresh$) => fresh$.pipe(foldInto(trend))),
        acknowledge(),
      ),
    ),
  );
  await shop.send(order('a'), order('b', { at: 61_000 }), order('c', { product: 'mug' }));
  await shop.advance('5m');
  // Ends of the first three minutes, and the lateness of two.
  expect(shop.finals(trend).map(({ end, measures }) => [end, measures.orders, measures.products])).toEqual([
    ['2026-01-01T00:01:00.000Z', '2', '2'],
    ['2026-01-01T00:02:00.000Z', '3', '2'],
  ]);
  expect(shop.windows(trend.name)).toHaveLength(1_441);
  await shop.send(order('d', { at: 1_000, product: 'pot' }));
  await shop.advance('10s');
  const revised = shop.finals(trend).filter((window) => window.revised);
  expect(revised.map(({ end, measures }) => [end, measures.orders, measures.products])).toEqual([
    ['2026-01-01T00:01:00.000Z', '3', '3'],
    ['2026-01-01T00:02:00.000Z', '4', '3'],
  ]);
});
