import { merge } from 'rxjs';
import { z } from 'zod';
import {
  acknowledge,
  backoff,
  count,
  decode,
  epochMicros,
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
} from '../index.ts';

/** Numbers in the export are numbers; in a CSV they are text, which keeps every digit. */
const Micros = z.union([z.int(), z.string().regex(/^\d{1,16}$/)]);
const Amount = z.union([z.number(), z.string().regex(/^-?\d+(\.\d+)?$/)]);

/**
 * An event of Google Analytics 4 as BigQuery exports it: nested (NDJSON), or flattened (CSV: dotted names, empty fields absent). Only what is
 * counted is checked here; the raw table keeps the whole event. The export has no event id: the producer adds `event_id`.
 */
const Ga4Event = z.object({
  event_id: z.string(),
  event_name: z.string(),
  event_timestamp: Micros,
  geo: z.object({ country: z.string().nullish() }).nullish(),
  'geo.country': z.string().optional(),
  ecommerce: z.object({ purchase_revenue_in_usd: Amount.nullish() }).nullish(),
  'ecommerce.purchase_revenue_in_usd': Amount.optional(),
});

type Ga4Event = z.infer<typeof Ga4Event>;

const is = (name: string) => (e: Ga4Event) => e.event_name === name;
const countryOf = (e: Ga4Event) => e.geo?.country ?? e['geo.country'] ?? '(not set)';
const revenueOf = (e: Ga4Event) => e.ecommerce?.purchase_revenue_in_usd ?? e['ecommerce.purchase_revenue_in_usd'];

const ga4Events = eventTable('ga4_events', {
  schema: Ga4Event,
  id: (e) => e.event_id,
  time: (e) => epochMicros(Number(e.event_timestamp)),
  keep: 'forever',
});

/** Events by type and hour. */
const activity = windowTable('ga4_activity', ga4Events, {
  window: tumbling('1h'),
  key: { event_name: (e) => e.event_name },
  measures: { events: count() },
});

/** Purchases and revenue by hour. */
const sales = windowTable('ga4_sales', ga4Events, {
  window: tumbling('1h'),
  key: {},
  measures: { purchases: count(), revenue_usd: sum(revenueOf) },
});

/** Page views by country and hour. */
const pageViews = windowTable('ga4_page_views', ga4Events, {
  window: tumbling('1h'),
  key: { country: countryOf },
  measures: { views: count() },
});

/** The Google Merchandise Store: real events, flat or nested. */
export default pipeline('ga4', [ga4Events, activity, sales, pageViews], ({ messages, store }) =>
  messages.pipe(
    decode(json(ga4Events)),
    gather({ events: 5_000, within: '100ms' }),
    transaction(store, { once: ga4Events, retry: backoff({ first: '100ms', cap: '30s' }) }, (fresh$) =>
      merge(
        fresh$.pipe(foldInto(activity)),
        fresh$.pipe(filterEvents(is('purchase')), foldInto(sales)),
        fresh$.pipe(filterEvents(is('page_view')), foldInto(pageViews)),
      ),
    ),
    acknowledge(),
  ),
);
