import { StoreError } from '../../src/errors.ts';
import type { Flush, Store } from '../../src/store.ts';

/** A store that fails as told before (or after) it does what it should, and remembers the flushes it was given. */
export interface FaultyStore extends Store {
  readonly flushes: readonly Flush[];
}

export interface Faults {
  /** What to throw instead of committing; `undefined` commits. `n` counts the flushes from 1. */
  readonly before?: (flush: Flush, n: number) => Error | undefined;
  /** What to throw although it is committed: the outcome is unknown to the caller. */
  readonly after?: (flush: Flush, n: number) => Error | undefined;
}

export function faultyStore<S extends Store>(store: S, { before, after }: Faults): S & FaultyStore {
  const flushes: Flush[] = [];
  return {
    ...store,
    flushes,
    async commit(flush) {
      const n = flushes.push(flush);
      const prevented = before?.(flush, n);
      if (prevented) throw prevented;
      const outcome = await store.commit(flush);
      const lost = after?.(flush, n);
      if (lost) throw lost;
      return outcome;
    },
  };
}

/** The connection died: nobody knows whether the flush was committed. */
export const unknownOutcome = (): StoreError => new StoreError('retry', 'CONNECTION_CLOSED', 'connection lost');

/** The store refuses flushes that hold one of these events. */
export const refusing =
  (...ids: string[]) =>
  ({ entries }: Flush): StoreError | undefined =>
    entries.some((entry) => ids.includes(entry.id))
      ? new StoreError('event', '22P02', 'the database does not like this event')
      : undefined;
