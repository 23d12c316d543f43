import { map, type OperatorFunction } from 'rxjs';
import type { Batch } from '../batch.ts';
import { eachEvent } from './each-event.ts';

/**
 * Keeps the events that meet the condition. Before a transaction the others are neither stored nor counted: they are settled with their
 * message and counted as `filtered`. Inside one they are stored and only this branch does not fold them.
 *
 * Delivery: an event for which `condition` throws becomes a reject.
 *
 * @example
 * fresh$.pipe(filterEvents((e) => e.type === 'purchase'), foldInto(sales))
 */
export function filterEvents<T, U extends T, F extends boolean>(
  condition: (event: T) => event is U,
): OperatorFunction<Batch<T, F>, Batch<U, F>>;
export function filterEvents<T, F extends boolean>(
  condition: (event: T) => boolean,
): OperatorFunction<Batch<T, F>, Batch<T, F>>;
export function filterEvents<T, F extends boolean>(
  condition: (event: T) => boolean,
): OperatorFunction<Batch<T, F>, Batch<T, F>> {
  return map((batch) => {
    const kept = eachEvent<T, T, F>(batch, 'filterEvents', (entry, into) => {
      if (condition(entry.value)) into.push(entry);
    });
    const failed = kept.rejects.length - batch.rejects.length;
    return { ...batch, ...kept, filtered: batch.filtered + batch.entries.length - kept.entries.length - failed };
  });
}
