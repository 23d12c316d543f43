import { merge } from 'rxjs';
import { z } from 'zod';
import {
  acknowledge,
  backoff,
  count,
  countIf,
  decode,
  eventTable,
  filterEvents,
  foldInto,
  gather,
  json,
  max,
  mean,
  pipeline,
  sum,
  transaction,
  tumbling,
  windowTable,
} from '../index.ts';

const ShopEvent = z.object({
  id: z.string(),
  type: z.enum(['page_view', 'search', 'add_to_cart', 'remove_from_cart', 'checkout', 'purchase']),
  at: z.string(),
  user: z.string(),
  session: z.string(),
  product: z.string().optional(),
  category: z.string().optional(),
  quantity: z.int().positive().optional(),
  /** Unit price × quantity, in hundredths of the currency. */
  cents: z.int().optional(),
  currency: z.string().optional(),
  country: z.string(),
  device: z.enum(['mobile', 'desktop', 'tablet']),
  campaign: z.string().optional(),
});

type ShopEvent = z.infer<typeof ShopEvent>;

const isPurchase = (e: ShopEvent): boolean => e.type === 'purchase';

const shopEvents = eventTable('shop_events', {
  schema: ShopEvent,
  id: { uuid: (e) => e.id },
  time: (e) => e.at,
  keep: '90d',
});

/** Trade per product in ten-second windows. */
const trade = windowTable('product_trade', shopEvents, {
  window: tumbling('10s'),
  key: { product: (e) => e.product ?? '(none)' },
  measures: {
    events: count(),
    carts: countIf((e) => e.type === 'add_to_cart'),
    revenue_cents: sum((e) => (isPurchase(e) ? e.cents : null)),
  },
});

/** Sales per country and currency by the minute: currencies are never added up. */
const sales = windowTable('country_sales', shopEvents, {
  window: tumbling('1m'),
  key: { country: (e) => e.country, currency: (e) => e.currency ?? '(none)' },
  measures: {
    purchases: count(),
    revenue_cents: sum((e) => e.cents),
    basket_cents: mean((e) => e.cents),
    largest_cents: max((e) => e.cents),
  },
});

/** A shop's live trade: the pipeline to copy. */
export default pipeline('storefront', [shopEvents, trade, sales], ({ messages, store }) =>
  messages.pipe(
    decode(json(shopEvents)),
    gather({ events: 5_000, within: '100ms' }),
    transaction(store, { once: shopEvents, retry: backoff({ first: '100ms', cap: '30s' }) }, (fresh$) =>
      merge(fresh$.pipe(foldInto(trade)), fresh$.pipe(filterEvents(isPurchase), foldInto(sales))),
    ),
    acknowledge(),
  ),
);
