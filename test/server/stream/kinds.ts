import {
  acknowledge,
  count,
  decode,
  deliverOnce,
  foldInto,
  hopping,
  json,
  pipeline,
  session,
  sum,
  topK,
  transaction,
  tumbling,
  windowTable,
} from '../../../src/index.ts';
import { merge } from 'rxjs';
import type { PostgresPlace } from '../../support/postgres-place.ts';
import { atOnce, type Order, orders, run, sent } from '../../support/orders.ts';
import { SENT_AT } from '../../support/message.ts';
import { passTo } from '../shop.ts';

/** A window table of each kind over the same orders. */
export const minutes = windowTable('minutes', orders, {
  window: tumbling('10s'),
  key: { product: (e) => e.product as string },
  measures: { n: count(), cents: sum((e) => e.cents), prices: topK((e) => String(e.cents), { k: 3 }) },
});
export const trend = windowTable('trend', orders, {
  window: hopping({ size: '30s', every: '10s' }),
  key: { product: (e) => e.product as string },
  measures: { n: count() },
});
export const visits = windowTable('visits', orders, {
  window: session({ gap: '20s' }),
  key: { product: (e) => e.product as string },
  measures: { n: count() },
});
export const lengths = windowTable('lengths', visits, {
  window: tumbling('1m'),
  key: { n: (visit) => visit.measures.n ?? '0' },
  measures: { visits: count() },
});

export const TABLES = ['minutes', 'trend', 'visits', 'lengths'];

export const kinds = pipeline('kinds', [orders, minutes, trend, visits, lengths], ({ messages, store }) =>
  messages.pipe(
    decode(json(orders)),
    transaction(store, { once: orders, retry: atOnce }, (fresh$) =>
      merge(fresh$.pipe(foldInto(minutes)), fresh$.pipe(foldInto(trend)), fresh$.pipe(foldInto(visits))),
    ),
    acknowledge(),
  ),
);

/** What happens to the tables of {@link kinds}: flushes, and time. */
export async function world(place: PostgresPlace) {
  const store = await place.open(kinds);
  let n = 0;
  return {
    /** Orders of a product, at so many seconds after the messages of tests were sent. */
    async flush(orders: readonly { readonly product: string; readonly second: number }[]): Promise<void> {
      const events = orders.map(({ product, second }): Order => {
        n++;
        return { id: `order-${n}`, at: SENT_AT + second * 1_000, product, cents: 100 + (n % 7) };
      });
      await run(kinds, store, [sent(...events)]);
    },
    /** The watermark is so many seconds after the lateness of the event table; windows are closed, and taken. */
    async pass(second: number): Promise<void> {
      await passTo(place, SENT_AT + second * 1_000 + orders.lateness);
      await store.time.tick();
      await deliverOnce(kinds, store.time.outbox);
      await store.time.tick();
    },
  };
}
