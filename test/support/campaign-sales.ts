import { z } from 'zod';
import {
  acknowledge,
  count,
  decode,
  enrich,
  type EnrichOptions,
  eventTable,
  foldInto,
  gather,
  json,
  type EventTableOptions,
  type Lookup,
  pipeline,
  type Pipeline,
  sum,
  transaction,
  tumbling,
  windowTable,
} from '../../src/index.ts';
import { SENT_AT } from './message.ts';
import { atOnce } from './orders.ts';

const Sale = z.object({
  id: z.string(),
  at: z.number(),
  campaign: z.string().nullable(),
  cents: z.number(),
  channel: z.string().optional(),
});

export type Sale = z.infer<typeof Sale>;

export const sale = (id: string, campaign: string | null = 'c1'): Sale => ({ id, at: SENT_AT, campaign, cents: 5 });

export interface Campaign {
  readonly channel: string | null;
}

export type Keeps = EventTableOptions<typeof Sale>['keep'];

/** Sales by the channel of their campaign: what is looked up is the key of a window. A sale of which nothing is known stays exactly as it arrived. */
export function campaignSales(
  campaigns: Lookup<Campaign>,
  options: Partial<EnrichOptions<Sale, Campaign, Sale>> = {},
  keep: Keeps = 'forever',
) {
  const sales = eventTable('sales', { schema: Sale, id: (e) => e.id, time: (e) => e.at, keep });
  const channels = windowTable('channels', sales, {
    window: tumbling('1h'),
    key: { channel: (e) => e.channel ?? '(none)' },
    measures: { sales: count(), cents: sum((e) => e.cents) },
  });
  const whole: Pipeline = pipeline('campaign_sales', [sales, channels], ({ messages, store }) =>
    messages.pipe(
      decode(json(sales)),
      gather({ events: 100, within: '10ms' }),
      enrich(campaigns, {
        key: (e) => e.campaign,
        into: (e, found) => (found?.channel ? { ...e, channel: found.channel } : e),
        ...options,
      }),
      transaction(store, { once: sales, retry: atOnce }, (fresh$) => fresh$.pipe(foldInto(channels))),
      acknowledge(),
    ),
  );
  return { pipeline: whole, sales, channels };
}
