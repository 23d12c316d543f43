import { onTestFinished } from 'vitest';
import {
  acknowledge,
  count,
  decode,
  eventTable,
  exactDistinct,
  foldInto,
  hopping,
  json,
  mean,
  memoryStore,
  pipeline,
  type Store,
  sum,
  toTable,
  transaction,
  whenFinal,
  windowTable,
} from '../../src/index.ts';
import { message, SENT_AT } from '../support/message.ts';
import { atOnce, Order, order, run } from '../support/orders.ts';
import { postgresPlace } from '../support/postgres-place.ts';
import type { Late } from '../../src/event-table.ts';

export const HOP_MS = 4_000;
/** Three panes. */
export const SIZE_MS = 12_000;
const LATENESS_MS = 2_000;
const SKEW_MS = 100;

/** Orders of the last twelve seconds, every four, by product: what is stored in the row, and items. Each window that is final goes into `trend_final`. */
export function hoppingOrders(late: Late) {
  const orders = eventTable('orders', {
    schema: Order,
    id: (e) => e.id,
    time: (e) => e.at,
    keep: 'forever',
    lateness: `${LATENESS_MS}ms`,
    late,
    skew: `${SKEW_MS}ms`,
  });
  const trend = windowTable('trend', orders, {
    window: hopping({ size: `${SIZE_MS}ms`, every: `${HOP_MS}ms` }),
    key: { product: (e) => e.product as string },
    measures: {
      orders: count(),
      cents: sum((e) => e.cents),
      mean: mean((e) => e.cents),
      prices: exactDistinct((e) => String(e.cents)),
    },
  });
  const declared = pipeline(
    'orders',
    [orders, trend, whenFinal(trend, toTable('trend_final'))],
    ({ messages, store }) =>
      messages.pipe(
        decode(json(orders)),
        transaction(store, { once: orders, retry: atOnce, concurrency: 1 }, (fresh$) => fresh$.pipe(foldInto(trend))),
        acknowledge(),
      ),
  );
  return { orders, trend, pipeline: declared };
}

/** The database as it was before anything came. */
export const FORGET_ALL = `
truncate orders, trend, trend_prices, trend_final, scalestream.revised, scalestream.rejects;
update scalestream.watermarks set watermark = null;
update scalestream.tables set frontier = null`;

/** An order that came `at` so many milliseconds after messages of tests were sent. */
export const at = (ms: number, id: string, product = 'tea', cents = 1): Order => order(id, { at: ms, product, cents });

/** What was delivered of each window that begins in the n-th hop: revision and orders, in order of revision. */
export interface Delivered {
  readonly hop: number;
  readonly product: string;
  readonly revision: number;
  readonly orders: number;
}

/** Hopping windows in a database of its own, and in memory beside it; time passes when it is told to. */
export async function hoppingStage(late: Late = 'revise') {
  const tables = hoppingOrders(late);
  const { pipeline: declared } = tables;
  const place = await postgresPlace();
  onTestFinished(() => place.close());
  const store = await place.open(declared);
  const hopOf = `(extract(epoch from window_start) * 1000 - ${SENT_AT})::bigint / ${HOP_MS}`;
  return {
    ...tables,
    place,
    store,
    open: (worker: string): Promise<Store> => place.open(declared, worker),
    memory: () => memoryStore(declared, { clock: { now: () => 0, after: () => () => undefined } }),
    /** Orders, all in one flush. */
    deliver: (into: Store, ...values: readonly Order[]) => run(declared, into, [[message(JSON.stringify(values))]]),
    /** The watermark passes this moment and the lateness after it. */
    async passes(ms: number) {
      await place.query(
        `update scalestream.watermarks set watermark = timestamptz 'epoch' + ${SENT_AT + ms + LATENESS_MS} * interval '1 millisecond'`,
      );
    },
    /** The same in memory. */
    report: (model: Store, ms: number) =>
      model.time.report({ low: SENT_AT + ms + LATENESS_MS + SKEW_MS, source: 'test', holding: false }),
    delivered: () =>
      place.query<Delivered & object>(
        `select (${hopOf})::int as hop, product, revision::int, orders::int from trend_final order by 1, 2, 3`,
      ),
    states: () =>
      place.query<{ hop: number; product: string; state: string; orders: number; revision: number }>(
        `select (${hopOf})::int as hop, product, state, orders::int, revision::int from trend_windows order by 1, 2`,
      ),
    rows: <Row extends object>(text: string) => place.query<Row>(text),
  };
}

/** The windows of which the last that was delivered is not what the view shows, and those that were never delivered though they are final. */
export const UNDELIVERED = `
select w.window_start, w.product, w.state, w.revision, w.orders, f.revision as delivered from trend_windows w
left join lateral (
  select * from trend_final f where (f.window_start, f.product) = (w.window_start, w.product) order by f.revision desc limit 1
) f on true
where w.state <> 'open' and (f.revision, f.orders, f.cents, f.mean, f.prices) is distinct from (w.revision, w.orders, w.cents, w.mean, w.prices)`;
