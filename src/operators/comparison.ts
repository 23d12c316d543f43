import type { Observable } from 'rxjs';
import { type Entry, isAsArrived } from '../batch.ts';
import { MICROS_PER_MS } from '../event-time.ts';
import type { Reject } from '../reject.ts';
import type { Comparison, Store } from '../store.ts';
import { failureOf, halves, type Patiently } from './patiently.ts';
import { refuse } from './refuse.ts';

/** Events that were not inserted, compared with what is stored under their ids and times. */
export interface Compared<T> {
  /** The rejects of those that say something else. */
  readonly conflicts: readonly Reject[];
  /** Those under whose id and time nothing is stored. */
  readonly absent: readonly Entry<T>[];
}

/**
 * Compares events with what is stored, those that arrived as they would be stored. A read, after the flush that told which events were not new, so
 * that it sees what the others committed: where it is cut off, the events come again and are compared again.
 */
export function comparison<T>(store: Store, ask: Patiently) {
  async function compare(entries: readonly Entry<T>[], ended: Observable<unknown>): Promise<readonly Comparison[]> {
    try {
      return await ask(() => store.compare(entries), entries.length <= 1, ended);
    } catch (error) {
      if (failureOf(error) !== 'slow') throw error;
      const [first, second] = halves(entries);
      return [...(await compare(first, ended)), ...(await compare(second, ended))];
    }
  }

  return async (given: readonly Entry<T>[], ended: Observable<unknown>): Promise<Compared<T>> => {
    const entries = given.filter(isAsArrived);
    if (entries.length === 0) return { conflicts: [], absent: [] };
    const found = await compare(entries, ended);
    return {
      conflicts: entries.filter((_, i) => found[i] === 'different').map(conflict),
      absent: entries.filter((_, i) => found[i] === 'absent'),
    };
  };
}

function conflict(entry: Entry<unknown>): Reject {
  const time = new Date(entry.time / MICROS_PER_MS).toISOString();
  const why = `an event with id '${entry.id}' and time ${time} is stored already, and it says something else. Fix: an id of its own for each event`;
  return refuse(entry, 'transaction', 'id-conflict', why);
}
