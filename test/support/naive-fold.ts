import { quotient } from '../../src/measures/quotient.ts';
import type { Order } from './orders.ts';

/** The rows of the table `trade`, from distinct good orders, by the shortest way that can be right: whole cents, plain arithmetic. */
export function naiveTrade(orders: readonly Order[]): Record<string, string>[] {
  const groups = Map.groupBy(orders, ({ at, product }) => JSON.stringify([at - (at % 10_000), product]));
  return [...groups]
    .map(([key, group]): [[number, string], number[]] => [JSON.parse(key), group.map((order) => order.cents)])
    .sort(([[a, p]], [[b, q]]) => a - b || (p < q ? -1 : 1))
    .map(([[window, product], cents]) => {
      const total = String(cents.reduce((sum, each) => sum + each, 0));
      return {
        window_start: new Date(window).toISOString(),
        product,
        orders: String(cents.length),
        cents: total,
        least: String(Math.min(...cents)),
        most: String(Math.max(...cents)),
        mean_sum: total,
        mean_count: String(cents.length),
        mean: quotient(total, String(cents.length)) as string,
      };
    });
}
