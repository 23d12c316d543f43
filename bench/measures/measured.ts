import { z } from 'zod';
import {
  acknowledge,
  count,
  countIf,
  decode,
  distinct,
  eventTable,
  foldInto,
  gather,
  json,
  last,
  type Measure,
  max,
  mean,
  min,
  pipeline,
  type Pipeline,
  quantiles,
  ratio,
  sum,
  transaction,
  tumbling,
  windowTable,
} from '../../src/index.ts';

const ShopEvent = z.object({
  id: z.string(),
  type: z.string(),
  at: z.string(),
  user: z.string(),
  category: z.string().optional(),
  cents: z.int().optional(),
});

type ShopEvent = z.infer<typeof ShopEvent>;

const shopEvents = eventTable('shop_events', {
  schema: ShopEvent,
  id: { uuid: (e) => e.id },
  time: (e) => e.at,
  keep: '90d',
});

/** A pipeline with one table: by category and minute, ten groups a batch. */
const measured = (measures: Readonly<Record<string, Measure<ShopEvent>>>): Pipeline => {
  const table = windowTable('category_trade', shopEvents, {
    window: tumbling('1m'),
    key: { category: (e) => e.category ?? '(none)' },
    measures,
  });
  return pipeline('measured', [shopEvents, table], ({ messages, store }) =>
    messages.pipe(
      decode(json(shopEvents)),
      gather({ events: 5_000, within: '100ms' }),
      transaction(store, { once: shopEvents }, (fresh$) => fresh$.pipe(foldInto(table))),
      acknowledge(),
    ),
  );
};

const plain: Readonly<Record<string, Measure<ShopEvent>>> = {
  events: count(),
  carts: countIf((e) => e.type === 'add_to_cart'),
  cents: sum((e) => e.cents),
  least: min((e) => e.cents),
  most: max((e) => e.cents),
  basket: mean((e) => e.cents),
  bought: ratio(
    countIf((e) => e.type === 'purchase'),
    count(),
  ),
  latest: last((e) => e.type),
};

/** The pipelines that are compared, by the names of their contenders. */
export const PIPELINES = {
  'measures-one': measured({ events: count() }),
  'measures-eight': measured(plain),
  'measures-ten': measured({
    ...plain,
    users: distinct((e) => e.user),
    prices: quantiles((e) => e.cents, { p: [0.5, 0.95] }),
  }),
};
