import { z } from 'zod';
import {
  acknowledge,
  count,
  decode,
  eventTable,
  foldInto,
  gather,
  json,
  pipeline,
  sum,
  transaction,
  tumbling,
  windowTable,
} from '../../src/index.ts';
import { merge } from 'rxjs';

/** A row of the REES46 store: all text, as a CSV has it; empty fields are absent. */
const StoreEvent = z.object({
  event_id: z.string(),
  event_time: z.string(),
  event_type: z.enum(['view', 'cart', 'remove_from_cart', 'purchase']),
  product_id: z.string(),
  category_id: z.string().regex(/^\d+$/),
  brand: z.string().optional(),
  price: z.string().regex(/^\d+(\.\d+)?$/),
  user_session: z.string().optional(),
});

const storeEvents = eventTable('rees46_events', {
  schema: StoreEvent,
  id: (e) => e.event_id,
  time: (e) => e.event_time,
  keep: 'forever',
  columns: { category_id: { bigint: (e) => e.category_id } },
});

const activity = windowTable('rees46_activity', storeEvents, {
  window: tumbling('1h'),
  key: { event_type: (e) => e.event_type },
  measures: { events: count(), revenue: sum((e) => (e.event_type === 'purchase' ? e.price : null)) },
});

const categories = windowTable('rees46_categories', storeEvents, {
  window: tumbling('1h'),
  key: { category_id: { bigint: (e) => e.category_id } },
  measures: { events: count(), prices: sum((e) => e.price) },
});

export default pipeline('rees46', [storeEvents, activity, categories], ({ messages, store }) =>
  messages.pipe(
    decode(json(storeEvents)),
    gather({ events: 5_000, within: '100ms' }),
    transaction(store, { once: storeEvents }, (fresh$) =>
      merge(fresh$.pipe(foldInto(activity)), fresh$.pipe(foldInto(categories))),
    ),
    acknowledge(),
  ),
);
