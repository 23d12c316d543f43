import { expect, test } from 'vitest';
import storefront from '../../src/pipelines/storefront.ts';
import { memoryStore } from '../../src/sinks/memory.ts';
import { message } from '../support/message.ts';
import { run } from '../support/orders.ts';

const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const event = (n: number, second: number, more: Record<string, unknown> = {}) => ({
  id: id(n),
  type: 'page_view',
  at: `2026-01-01T00:00:${String(second).padStart(2, '0')}.000Z`,
  user: 'u',
  session: 's',
  country: 'ES',
  device: 'mobile',
  ...more,
});

test('trade counts every event by product and ten seconds, revenue of purchases only; sales count purchases by the minute', async () => {
  const store = memoryStore(storefront);
  const tea = { product: 'tea', cents: 250, currency: 'EUR' };
  const events = [
    event(1, 0),
    event(2, 9, { ...tea, type: 'add_to_cart' }),
    event(3, 9, { ...tea, type: 'purchase' }),
    event(4, 10, { ...tea, type: 'purchase', cents: 350 }),
    event(5, 50, { ...tea, type: 'purchase', currency: 'USD' }),
    event(3, 9, { ...tea, type: 'purchase' }),
  ];
  expect(await run(storefront, store, [[message(JSON.stringify(events))]])).toMatchObject({
    committed: 5,
    duplicates: 1,
    rejected: 0,
  });
  const at = (second: string): string => `2026-01-01T00:00:${second}.000Z`;
  expect(store.rows('product_trade')).toEqual([
    { window_start: at('00'), product: '(none)', events: '1', carts: '0', revenue_cents: '0' },
    { window_start: at('00'), product: 'tea', events: '2', carts: '1', revenue_cents: '250' },
    { window_start: at('10'), product: 'tea', events: '1', carts: '0', revenue_cents: '350' },
    { window_start: at('50'), product: 'tea', events: '1', carts: '0', revenue_cents: '250' },
  ]);
  expect(store.rows('country_sales')).toMatchObject([
    {
      window_start: at('00'),
      country: 'ES',
      currency: 'EUR',
      purchases: '2',
      revenue_cents: '600',
      largest_cents: '350',
    },
    {
      window_start: at('00'),
      country: 'ES',
      currency: 'USD',
      purchases: '1',
      revenue_cents: '250',
      largest_cents: '250',
    },
  ]);
});
