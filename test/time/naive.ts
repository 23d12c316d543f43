import { quotient } from '../../src/measures/quotient.ts';
import type { Order } from '../support/orders.ts';
import { isDear, PACE_MS, TRADE_MS } from './timed-orders.ts';

type Rows = Record<string, string>[];

/** The rows of the tables of `timedOrders`, from distinct orders, by the shortest way that can be right: whole cents, plain arithmetic. */
export const naiveRows = (orders: readonly Order[]): { readonly trade: Rows; readonly pace: Rows } => ({
  trade: grouped(orders, TRADE_MS, ({ product }) => product as string).map(([window, product, group]) => ({
    window_start: window,
    product,
    orders: String(group.length),
    cents: total(group),
    least: String(Math.min(...group.map(({ cents }) => cents))),
    most: String(Math.max(...group.map(({ cents }) => cents))),
    mean_sum: total(group),
    mean_count: String(group.length),
    mean: quotient(total(group), String(group.length)) as string,
  })),
  pace: grouped(orders.filter(isDear), PACE_MS, () => '').map(([window, , group]) => ({
    window_start: window,
    orders: String(group.length),
    cents: total(group),
  })),
});

/** When the first of an order's windows to end does, milliseconds since 1970. */
export const firstEnd = (order: Order): number =>
  Math.min(endOf(order.at, TRADE_MS), isDear(order) ? endOf(order.at, PACE_MS) : Number.POSITIVE_INFINITY);

const endOf = (at: number, size: number): number => at - (at % size) + size;

const total = (orders: readonly Order[]): string => String(orders.reduce((sum, { cents }) => sum + cents, 0));

/** In order of window and key. */
function grouped(orders: readonly Order[], size: number, keyOf: (order: Order) => string): [string, string, Order[]][] {
  const groups = Map.groupBy(orders, (order) => JSON.stringify([order.at - (order.at % size), keyOf(order)]));
  return [...groups]
    .map(([identity, group]): [number, string, Order[]] => [...(JSON.parse(identity) as [number, string]), group])
    .sort(([a, p], [b, q]) => a - b || (p < q ? -1 : 1))
    .map(([window, key, group]) => [new Date(window).toISOString(), key, group]);
}
