import { expect, test } from 'vitest';
import ga4 from '../../src/pipelines/ga4.ts';
import { memoryStore } from '../../src/sinks/memory.ts';
import { message } from '../support/message.ts';
import { run } from '../support/orders.ts';

/** 2020-12-25T15:30:04.450512Z */
const AT = 1_608_910_204_450_512;
const HOUR = '2020-12-25T15:00:00.000Z';

const flat = (id: string, more: Record<string, string> = {}) => ({
  event_id: id,
  event_name: 'page_view',
  event_timestamp: String(AT),
  ...more,
});
const nested = (id: string, more: Record<string, unknown> = {}) => ({
  event_id: id,
  event_name: 'page_view',
  event_timestamp: AT,
  event_params: [{ key: 'page_title', value: { string_value: 'Apparel' } }],
  ...more,
});

async function fill(events: readonly object[]) {
  const store = memoryStore(ga4);
  const totals = await run(ga4, store, [[message(JSON.stringify(events))]]);
  return { store, totals };
}

test('a flat row and a nested event of the same hour fall into the same windows', async () => {
  const { store, totals } = await fill([
    flat('a', { 'geo.country': 'Spain' }),
    nested('b', { geo: { country: 'Spain', city: 'Soria' } }),
    nested('c', { geo: { country: null } }),
    flat('d'),
  ]);
  expect(totals).toMatchObject({ committed: 4, rejected: 0 });
  expect(store.rows('ga4_activity')).toEqual([{ window_start: HOUR, event_name: 'page_view', events: '4' }]);
  expect(store.rows('ga4_page_views')).toEqual([
    { window_start: HOUR, country: '(not set)', views: '2' },
    { window_start: HOUR, country: 'Spain', views: '2' },
  ]);
  expect(store.rows('ga4_sales')).toEqual([]);
});

test('revenue is the exact decimal sum of text and numbers; a purchase without revenue counts as one', async () => {
  const purchase = { event_name: 'purchase' };
  const { store } = await fill([
    flat('a', { ...purchase, 'ecommerce.purchase_revenue_in_usd': '0.1' }),
    nested('b', { ...purchase, ecommerce: { purchase_revenue_in_usd: 0.2 } }),
    nested('c', { ...purchase, ecommerce: { purchase_revenue_in_usd: null } }),
    flat('d', purchase),
  ]);
  expect(store.rows('ga4_sales')).toEqual([{ window_start: HOUR, purchases: '4', revenue_usd: '0.3' }]);
});

test.each([
  ['a timestamp with letters', flat('a', { event_timestamp: '16089x' }), /event_timestamp/],
  ['no timestamp', { event_id: 'a', event_name: 'click' }, /event_timestamp/],
  ['a null timestamp', nested('a', { event_timestamp: null }), /event_timestamp/],
  ['revenue that is no amount', flat('a', { 'ecommerce.purchase_revenue_in_usd': 'free' }), /purchase_revenue_in_usd/],
  ['no event id', { event_name: 'click', event_timestamp: AT }, /event_id/],
])('%s makes a reject that names the field; its sibling counts', async (_, bad, field) => {
  const { store, totals } = await fill([bad, flat('good')]);
  expect(totals).toMatchObject({ committed: 1, rejected: 1 });
  expect(store.rejects()[0]).toMatchObject({ reason: 'schema', detail: expect.stringMatching(field) as string });
});
