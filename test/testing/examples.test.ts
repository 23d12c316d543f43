import { expect, test } from 'vitest';
import abandonedCarts from '../../src/pipelines/abandoned-carts.ts';
import baskets from '../../src/pipelines/baskets.ts';
import conversionFunnel from '../../src/pipelines/conversion-funnel.ts';
import distinctBuyers from '../../src/pipelines/distinct-buyers.ts';
import revenueByCountry from '../../src/pipelines/revenue-by-country.ts';
import topProducts from '../../src/pipelines/top-products.ts';
import { duplicate, testPipeline } from '../../src/testing/index.ts';

let n = 0;
/** An event of anna's, in Spain, at a time of 2026-01-01 in UTC, unless told otherwise. */
const event = (type: string, at: string, more: Record<string, unknown> = {}) => ({
  id: `a0eebc99-9c0b-4ef8-bb6d-${String(++n).padStart(12, '0')}`,
  type,
  at: at.includes('T') ? at : `2026-01-01T${at}:00Z`,
  user: 'anna',
  country: 'ES',
  currency: 'EUR',
  device: 'mobile',
  ...more,
});

test('revenue is that of the country’s own day, a total for each currency', async () => {
  const shop = testPipeline(revenueByCountry, { startAt: '2026-03-29T23:30:00Z' });
  await shop.send(
    event('purchase', '2026-03-28T23:30:00Z', { cents: 100 }),
    event('purchase', '2026-03-29T21:59:59Z', { cents: 20, currency: 'USD' }),
    event('purchase', '2026-03-29T22:00:00Z', { cents: 3 }),
    event('page_view', '2026-03-29T21:00:00Z', { cents: 7 }),
    event('purchase', '2026-03-29T03:59:00Z', { cents: 500, country: 'US', currency: 'USD' }),
  );
  expect(shop.windows('revenue_by_country')).toMatchObject([
    { window_start: '2026-03-28T04:00:00.000Z', zone: 'America/New_York', country: 'US', revenue: '{"USD": 500}' },
    { window_start: '2026-03-28T23:00:00.000Z', zone: 'Europe/Berlin', revenue: '{"EUR": 100, "USD": 20}' },
    { window_start: '2026-03-29T22:00:00.000Z', zone: 'Europe/Berlin', revenue: '{"EUR": 3}' },
  ]);
});

test('a cart is abandoned when its visit is over without a purchase; its campaign is the first of the visit', async () => {
  const shop = testPipeline(abandonedCarts);
  await shop.send(
    event('page_view', '00:00', { campaign: 'mail' }),
    duplicate(event('add_to_cart', '00:10', { campaign: 'search' })),
    event('add_to_cart', '00:05', { user: 'bert', campaign: 'mail' }),
    event('purchase', '00:20', { user: 'bert' }),
    event('page_view', '00:01', { user: 'carl' }),
  );
  await shop.advance('1h');
  const rows = [
    { campaign: '(none)', visits: '1', abandoned: '0' },
    { campaign: 'mail', visits: '2', abandoned: '1' },
  ];
  expect(shop.windows('abandoned_carts')).toMatchObject(rows.map((row) => ({ ...row, state: 'open' })));
  await shop.send(event('purchase', '00:30')); // late: anna's visit was over without it
  await shop.advance('24h');
  expect(shop.windows('abandoned_carts')).toMatchObject([
    { ...rows[0], state: 'final' },
    { ...rows[1], abandoned: '0', state: 'final' },
  ]);
});

test('a funnel counts users by how far they came, step by step', async () => {
  const shop = testPipeline(conversionFunnel);
  await shop.send(
    event('purchase', '00:30'),
    event('add_to_cart', '00:20'),
    event('page_view', '00:10'),
    event('purchase', '00:05', { user: 'bert' }),
    event('page_view', '00:06', { user: 'bert' }),
  );
  expect(shop.windows('conversion')).toMatchObject([
    { window_start: '2025-12-31T23:00:00.000Z', device: 'mobile', funnel_view: '2', funnel_cart: '1', funnel_buy: '1' },
  ]);
});

test('buyers of the last hour are counted once, however often they bought in it', async () => {
  const shop = testPipeline(distinctBuyers);
  await shop.send(
    event('purchase', '00:01'),
    event('purchase', '00:59'),
    event('page_view', '00:30', { user: 'bert' }),
    event('purchase', '01:05', { user: 'bert' }),
  );
  const at = (start: string) =>
    shop.windows('buyers').find((row) => row['window_start'] === `2026-01-01T${start}:00.000Z`);
  expect(at('00:00')).toMatchObject({ users: '2', buyers: '1', conversion: '0.66666666666666666667' });
  expect(at('00:10')).toMatchObject({ users: '2', buyers: '2' });
});

test('baskets have a mean, a median and a 95th percentile within 1 %', async () => {
  const shop = testPipeline(baskets);
  const cents = Array.from({ length: 100 }, (_, i) => (i + 1) * 10);
  await shop.send(
    cents.map((each) => event('purchase', '00:01', { cents: each })),
    event('page_view', '00:01'),
  );
  const [row, ...others] = shop.windows('baskets');
  expect(others).toEqual([]);
  expect(row).toMatchObject({ currency: 'EUR', mean: '505', mean_count: '100' });
  for (const [column, exact] of [
    ['cents_p50', 500],
    ['cents_p95', 950],
  ] as const)
    expect(Math.abs(Number(row?.[column]) / exact - 1)).toBeLessThanOrEqual(0.01);
});

test('top products are those of most views, and of most pieces', async () => {
  const shop = testPipeline(topProducts);
  await shop.send(
    event('page_view', '00:00', { product: 'tea' }),
    event('page_view', '00:00', { product: 'tea' }),
    event('page_view', '00:00', { product: 'mug' }),
    event('purchase', '00:00', { product: 'mug', quantity: 4 }),
    event('purchase', '00:00', { product: 'tea', quantity: 1 }),
  );
  const [row] = shop.windows('top_products');
  expect(JSON.parse(String(row?.['viewed']))).toEqual([
    { item: 'tea', n: 2 },
    { item: 'mug', n: 1 },
  ]);
  expect(JSON.parse(String(row?.['sold']))).toEqual([
    { item: 'mug', n: 4 },
    { item: 'tea', n: 1 },
  ]);
});
