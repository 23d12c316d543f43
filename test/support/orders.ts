import { from, lastValueFrom, type Observable, toArray } from 'rxjs';
import { z } from 'zod';
import type { Batch, Entry, Fresh } from '../../src/batch.ts';
import type { Delivery } from '../../src/custody.ts';
import {
  acknowledge,
  backoff,
  count,
  decode,
  eventTable,
  type Fold,
  foldInto,
  json,
  max,
  mean,
  min,
  pipeline,
  type Pipeline,
  type Store,
  sum,
  transaction,
  type TransactionOptions,
  tumbling,
  windowTable,
} from '../../src/index.ts';
import { message, type RecordedMessage, SENT_AT } from './message.ts';

/** The event of most tests: small, and every field matters. */
export const Order = z.object({
  id: z.string(),
  /** Milliseconds since 1970. */
  at: z.number(),
  product: z.string().nullable(),
  cents: z.number(),
});

export type Order = z.infer<typeof Order>;

export const orders = eventTable('orders', {
  schema: Order,
  id: (e) => e.id,
  time: (e) => e.at,
  keep: 'forever',
});

/** A null product cannot be a key: such an order is unfit for this table. */
export const trade = windowTable('trade', orders, {
  window: tumbling('10s'),
  key: { product: (e) => e.product as string },
  measures: {
    orders: count(),
    cents: sum((e) => e.cents),
    least: min((e) => e.cents),
    most: max((e) => e.cents),
    mean: mean((e) => e.cents),
  },
});

/** Orders by the minute, whatever the product. */
export const pace = windowTable('pace', orders, { window: tumbling('1m'), key: {}, measures: { orders: count() } });

/** A valid order; `at` counts milliseconds since the messages of tests were sent. */
export const order = (id: string, { at = 0, product = 'tea', cents = 100 }: Partial<Order> = {}): Order => ({
  id,
  at: SENT_AT + at,
  product,
  cents,
});

/** Orders as a batch on its way, each in a message of its own. */
export function batchOf<T>(values: readonly (T & { readonly id: string; readonly at: number })[]): Batch<T> {
  const entries = values.map((value, position): Entry<T> => {
    const body = JSON.stringify(value);
    return {
      value,
      id: value.id,
      time: value.at * 1_000,
      raw: body,
      json: body,
      message: message(body),
      ordinal: 0,
      position,
    };
  });
  return { entries, rejects: [], messages: entries.map((entry) => entry.message), filtered: 0 };
}

/** The same, as only a transaction makes it: for tests of what stands inside one. */
export const freshOf = <T>(values: readonly (T & { readonly id: string; readonly at: number })[]): Fresh<T> =>
  batchOf(values) as unknown as Fresh<T>;

/** A delivery: a message of each body, an object as its JSON. */
export const sent = (...bodies: readonly (object | string)[]): RecordedMessage[] =>
  bodies.map((body) => message(typeof body === 'string' ? body : JSON.stringify(body)));

/** The totals of {@link run} where nothing came. */
export const nothing = { committed: 0, duplicates: 0, rejected: 0, filtered: 0, diverted: 0, late: 0, windows: 0 };

/** Tries again at once. */
export const atOnce = backoff({ first: '1ms', cap: '1ms', random: () => 0 });

/** A pipeline over {@link orders} that gathers nothing: each delivery is a batch. */
export const orderPipeline = (
  graph: (fresh$: Observable<Fresh<Order>>) => Observable<Fold> = (fresh$) => fresh$.pipe(foldInto(trade)),
  options: Partial<TransactionOptions<Order>> = {},
): Pipeline =>
  pipeline('orders', [orders, trade, pace], ({ messages, store }) =>
    messages.pipe(
      decode(json(orders)),
      transaction(store, { once: orders, retry: atOnce, ...options }, graph),
      acknowledge(),
    ),
  );

/** Runs a pipeline over the deliveries to its end and adds up its receipts. */
export async function run(pipeline: Pipeline, store: Store, deliveries: readonly Delivery[]) {
  const receipts = await lastValueFrom(pipeline.graph({ messages: from(deliveries), store }).pipe(toArray()));
  const totals = { ...nothing };
  for (const { counts } of receipts)
    for (const [name, n] of Object.entries(counts)) totals[name as keyof typeof totals] += n;
  return totals;
}
