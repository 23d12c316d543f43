import { z } from 'zod';
import { count, countIf, eventTable, first, session, tumbling, windowTable } from '../index.ts';
import { acknowledge, decode, foldInto, gather, json, pipeline, transaction } from '../index.ts';

const Event = z.object({
  id: z.uuid(),
  type: z.string(),
  at: z.string(),
  user: z.string(),
  campaign: z.string().optional(),
});
const events = eventTable('visit_events', { schema: Event, id: { uuid: (e) => e.id }, time: (e) => e.at, keep: '90d' });
const is = (type: string) => (e: z.infer<typeof Event>) => e.type === type;

/** Visits: of one user, until nothing comes for half an hour. */
const visits = windowTable('visits', events, {
  window: session({ gap: '30m' }),
  key: { user: (e) => e.user },
  measures: {
    carts: countIf(is('add_to_cart')),
    purchases: countIf(is('purchase')),
    campaign: first((e) => e.campaign),
  },
});

/** Of the visits that are over: how many left a cart behind, per campaign and day. */
const abandoned = windowTable('abandoned_carts', visits, {
  window: tumbling('1d'),
  key: { campaign: (visit) => visit.measures.campaign ?? '(none)' },
  measures: { visits: count(), abandoned: countIf((v) => v.measures.carts !== '0' && v.measures.purchases === '0') },
});

export default pipeline('abandoned_carts', [events, visits, abandoned], ({ messages, store }) =>
  messages.pipe(
    decode(json(events)),
    gather({ events: 5_000, within: '100ms' }),
    transaction(store, { once: events }, (fresh$) => fresh$.pipe(foldInto(visits))),
    acknowledge(),
  ),
);
