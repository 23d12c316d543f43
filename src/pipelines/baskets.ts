import { z } from 'zod';
import { eventTable, mean, quantiles, tumbling, windowTable } from '../index.ts';
import { acknowledge, decode, filterEvents, foldInto, gather, json, pipeline, transaction } from '../index.ts';

const Event = z.object({
  id: z.uuid(),
  type: z.string(),
  at: z.string(),
  currency: z.string(),
  cents: z.int().optional(),
});
const events = eventTable('basket_events', {
  schema: Event,
  id: { uuid: (e) => e.id },
  time: (e) => e.at,
  keep: '90d',
});

/** What a purchase comes to: the mean, the median and the 95th percentile, by the hour, per currency. */
const baskets = windowTable('baskets', events, {
  window: tumbling('1h'),
  key: { currency: (e) => e.currency },
  measures: {
    mean: mean((e) => e.cents, { unit: 'cent' }),
    cents: quantiles((e) => e.cents, { p: [0.5, 0.95], unit: 'cent' }),
  },
});

export default pipeline('baskets', [events, baskets], ({ messages, store }) =>
  messages.pipe(
    decode(json(events)),
    gather({ events: 5_000, within: '100ms' }),
    filterEvents((e) => e.type === 'purchase'),
    transaction(store, { once: events }, (fresh$) => fresh$.pipe(foldInto(baskets))),
    acknowledge(),
  ),
);
