import { merge, type Observable } from 'rxjs';
import type { Fresh } from '../../src/batch.ts';
import type { Late } from '../../src/event-table.ts';
import {
  count,
  type EventTable,
  eventTable,
  filterEvents,
  type Fold,
  foldInto,
  max,
  mean,
  min,
  sum,
  tumbling,
  type WindowTable,
  windowTable,
} from '../../src/index.ts';
import { Order } from '../support/orders.ts';

/** How a table of orders treats time; all in milliseconds. */
export interface Timing {
  readonly lateness: number;
  readonly late: Late;
  readonly skew: number;
}

export const TRADE_MS = 4_000;
export const PACE_MS = 6_000;
/** Cheaper orders are not in `pace`: then only the window of `trade` says whether they are late. */
export const DEAR = 50;
export const isDear = ({ cents }: Order): boolean => cents >= DEAR;

/** Orders with two tables of windows, neither a multiple of the other, into which an order goes once, twice, or is unfit for. */
export interface TimedOrders {
  readonly orders: EventTable<Order>;
  readonly trade: WindowTable<Order>;
  readonly pace: WindowTable<Order>;
  /** The inner graph of the transaction. */
  readonly fold: (fresh$: Observable<Fresh<Order>>) => Observable<Fold>;
}

export function timedOrders({ lateness, late, skew }: Timing): TimedOrders {
  const orders = eventTable('orders', {
    schema: Order,
    id: (e) => e.id,
    time: (e) => e.at,
    keep: 'forever',
    lateness: `${lateness}ms`,
    late,
    skew: `${skew}ms`,
  });
  const trade = windowTable('trade', orders, {
    window: tumbling(`${TRADE_MS}ms`),
    key: { product: (e) => e.product as string },
    measures: {
      orders: count(),
      cents: sum((e) => e.cents),
      least: min((e) => e.cents),
      most: max((e) => e.cents),
      mean: mean((e) => e.cents),
    },
  });
  const pace = windowTable('pace', orders, {
    window: tumbling(`${PACE_MS}ms`),
    key: {},
    measures: { orders: count(), cents: sum((e) => e.cents) },
  });
  return {
    orders,
    trade,
    pace,
    fold: (fresh$) => merge(fresh$.pipe(foldInto(trade)), fresh$.pipe(filterEvents(isDear), foldInto(pace))),
  };
}
