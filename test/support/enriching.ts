import { Subject } from 'rxjs';
import { onTestFinished } from 'vitest';
import type { Batch } from '../../src/batch.ts';
import type { EnrichOptions, Lookup } from '../../src/index.ts';
import { clockScheduler } from '../../src/operators/clock-scheduler.ts';
import { enrich } from '../../src/operators/enrich.ts';
import { virtualClock } from '../../src/testing/index.ts';
import { atOnce, batchOf, order, type Order } from './orders.ts';

/** An order with what was found for its product. */
export interface Found<V> extends Order {
  readonly found: V | null;
}

/** `enrich` at work in virtual time, by the product of orders. */
export function enriching<V>(lookup: Lookup<V>, options: Partial<EnrichOptions<Order, V, Found<V>>> = {}) {
  const clock = virtualClock();
  const batch$ = new Subject<Batch<Order>>();
  const out: Batch<Found<V>>[] = [];
  let failed: unknown;
  const subscription = batch$
    .pipe(
      enrich(lookup, {
        key: (e) => e.product,
        into: (e, found) => ({ ...e, found }),
        retry: atOnce,
        scheduler: clockScheduler(clock),
        ...options,
      }),
    )
    .subscribe({ next: (batch) => void out.push(batch), error: (error: unknown) => void (failed = error) });
  onTestFinished(() => subscription.unsubscribe());
  return {
    clock,
    out,
    subscription,
    complete: () => batch$.complete(),
    failed: () => failed,
    /** Gives it a batch of orders of these products, each in a message of its own, and lets promises settle. */
    async give(...products: readonly (string | null)[]): Promise<Batch<Order>> {
      const batch = batchOf(products.map((product, i) => order(`${product}-${i}`, { product })));
      batch$.next(batch);
      await clock.advance(0);
      return batch;
    },
    /** What was found for each event that came out, a list a batch. */
    found: () => out.map(({ entries }) => entries.map(({ value }) => value.found)),
  };
}
