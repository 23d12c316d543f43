import { z } from 'zod';
import { eventTable, topK, tumbling, windowTable } from '../index.ts';
import { acknowledge, decode, foldInto, gather, json, pipeline, transaction } from '../index.ts';

const Event = z.object({
  id: z.uuid(),
  type: z.string(),
  at: z.string(),
  country: z.string(),
  product: z.string().optional(),
  quantity: z.int().optional(),
});
const events = eventTable('product_events', {
  schema: Event,
  id: { uuid: (e) => e.id },
  time: (e) => e.at,
  keep: '90d',
});

/** What is looked at, and what is sold most, by the minute, per country. All products are stored: an hour's or a week's top is as exact. */
const top = windowTable('top_products', events, {
  window: tumbling('1m'),
  key: { country: (e) => e.country },
  measures: {
    viewed: topK((e) => (e.type === 'page_view' ? e.product : null), { k: 10 }),
    sold: topK((e) => e.product, { k: 10, by: (e) => (e.type === 'purchase' ? e.quantity : null) }),
  },
});

export default pipeline('top_products', [events, top], ({ messages, store }) =>
  messages.pipe(
    decode(json(events)),
    gather({ events: 5_000, within: '100ms' }),
    transaction(store, { once: events }, (fresh$) => fresh$.pipe(foldInto(top))),
    acknowledge(),
  ),
);
