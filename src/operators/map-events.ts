import { map, type OperatorFunction } from 'rxjs';
import type { Batch } from '../batch.ts';
import { eachEvent } from './each-event.ts';

/**
 * Changes the value of each event; its id, time and custody stay. Before a transaction the changed value is what is stored, so it must satisfy
 * the table's schema again.
 *
 * Delivery: an event for which `project` throws becomes a reject.
 *
 * @example
 * mapEvents((e: ShopEvent) => ({ ...e, country: e.country.toUpperCase() }))
 */
export function mapEvents<T, U, F extends boolean>(
  project: (event: T) => U,
): OperatorFunction<Batch<T, F>, Batch<U, F>> {
  return map((batch) => ({
    ...batch,
    ...eachEvent<T, U, F>(batch, 'mapEvents', (entry, into) => {
      into.push({ ...entry, value: project(entry.value), json: undefined });
    }),
  }));
}
