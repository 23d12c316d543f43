import { z } from 'zod';
import { count, countIf, distinct, eventTable, hopping, ratio, windowTable } from '../index.ts';
import { acknowledge, decode, foldInto, gather, json, pipeline, transaction } from '../index.ts';

const Event = z.object({ id: z.uuid(), type: z.string(), at: z.string(), user: z.string(), country: z.string() });
const events = eventTable('buyer_events', { schema: Event, id: { uuid: (e) => e.id }, time: (e) => e.at, keep: '90d' });
const isPurchase = (e: z.infer<typeof Event>) => e.type === 'purchase';

/** Who bought in the last hour, every ten minutes, per country: users, and purchases per event. */
const buyers = windowTable('buyers', events, {
  window: hopping({ size: '1h', every: '10m' }),
  key: { country: (e) => e.country },
  measures: {
    users: distinct((e) => e.user),
    buyers: distinct((e) => (isPurchase(e) ? e.user : null)),
    conversion: ratio(countIf(isPurchase), count()),
  },
});

export default pipeline('distinct_buyers', [events, buyers], ({ messages, store }) =>
  messages.pipe(
    decode(json(events)),
    gather({ events: 5_000, within: '100ms' }),
    transaction(store, { once: events }, (fresh$) => fresh$.pipe(foldInto(buyers))),
    acknowledge(),
  ),
);
