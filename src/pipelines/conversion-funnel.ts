import { z } from 'zod';
import { calendar, eventTable, funnel, windowTable } from '../index.ts';
import { acknowledge, decode, foldInto, gather, json, pipeline, transaction } from '../index.ts';

const Event = z.object({ id: z.uuid(), type: z.string(), at: z.string(), user: z.string(), device: z.string() });
const events = eventTable('funnel_events', {
  schema: Event,
  id: { uuid: (e) => e.id },
  time: (e) => e.at,
  keep: '90d',
});
const is = (type: string) => (e: z.infer<typeof Event>) => e.type === type;

/** How many users came how far within a day, per device: funnel_view, funnel_cart, funnel_buy. */
const conversion = windowTable('conversion', events, {
  window: calendar('day', { zone: 'Europe/Berlin' }),
  key: { device: (e) => e.device },
  measures: {
    funnel: funnel({
      by: (e) => e.user,
      steps: { view: is('page_view'), cart: is('add_to_cart'), buy: is('purchase') },
    }),
  },
});

export default pipeline('conversion_funnel', [events, conversion], ({ messages, store }) =>
  messages.pipe(
    decode(json(events)),
    gather({ events: 5_000, within: '100ms' }),
    transaction(store, { once: events }, (fresh$) => fresh$.pipe(foldInto(conversion))),
    acknowledge(),
  ),
);
