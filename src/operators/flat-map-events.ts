import { map, type OperatorFunction } from 'rxjs';
import type { Batch } from '../batch.ts';
import { eachEvent } from './each-event.ts';

/**
 * Makes any number of events of each: children get the derived id `<parent>#<i>` and the parent's time, the same at every delivery. Before a
 * transaction the event table's id must be text. An event without children is counted as `filtered`.
 *
 * Delivery: an event for which `project` throws becomes a reject, and none of its children is kept.
 *
 * @example
 * flatMapEvents((order: Order) => order.lines)
 */
export function flatMapEvents<T, U, F extends boolean>(
  project: (event: T) => Iterable<U>,
): OperatorFunction<Batch<T, F>, Batch<U, F>> {
  return map((batch) => {
    let childless = 0;
    const children = eachEvent<T, U, F>(batch, 'flatMapEvents', (entry, into) => {
      const values = [...project(entry.value)];
      if (values.length === 0) childless++;
      for (const [i, value] of values.entries())
        into.push({ ...entry, value, id: `${entry.id}#${i}`, json: undefined });
    });
    return { ...batch, ...children, filtered: batch.filtered + childless };
  });
}
