import { z } from 'zod';
import { calendar, eventTable, money, windowTable } from '../index.ts';
import { acknowledge, decode, foldInto, gather, json, pipeline, transaction } from '../index.ts';

const Event = z.object({
  id: z.uuid(),
  type: z.string(),
  at: z.string(),
  country: z.string(),
  currency: z.string(),
  cents: z.int().optional(),
});
const ZONES: Readonly<Record<string, string>> = { GB: 'Europe/London', US: 'America/New_York' };

const events = eventTable('revenue_events', {
  schema: Event,
  id: { uuid: (e) => e.id },
  time: (e) => e.at,
  keep: '90d',
});

/** Revenue per country, day by day, as days are there: of 23 or 25 hours where clocks change. Currencies are never added up. */
const revenue = windowTable('revenue_by_country', events, {
  window: calendar('day', { zone: (e) => ZONES[e.country] ?? 'Europe/Berlin' }),
  key: { country: (e) => e.country },
  measures: { revenue: money((e) => (e.type === 'purchase' ? e.cents : null), { currency: (e) => e.currency }) },
});

export default pipeline('revenue_by_country', [events, revenue], ({ messages, store }) =>
  messages.pipe(
    decode(json(events)),
    gather({ events: 5_000, within: '100ms' }),
    transaction(store, { once: events }, (fresh$) => fresh$.pipe(foldInto(revenue))),
    acknowledge(),
  ),
);
