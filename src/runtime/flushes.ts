import type { Clock } from '../clock.ts';
import { StoreError } from '../errors.ts';
import { Occupancy } from '../occupancy.ts';
import type { Store } from '../store.ts';

/** What a worker's store was asked for since the worker started. */
export interface FlushStats {
  /** Statements that began. */
  readonly flushes: number;
  /** Those that failed in a way that is repeated, in whole or in halves. */
  readonly retries: number;
  /** Milliseconds with at least one under way. */
  readonly busyMs: number;
}

/** A store that counts its flushes. */
export function countingFlushes(
  store: Store,
  clock: Clock,
): { readonly store: Store; readonly stats: () => FlushStats } {
  const flushes = new Occupancy();
  let retries = 0;
  return {
    store: {
      prepare: (describe, rehearsal) => store.prepare(describe, rehearsal),
      horizon: () => store.horizon(),
      compare: (entries) => store.compare(entries),
      time: store.time,
      async commit(flush) {
        flushes.enter(clock.now());
        try {
          return await store.commit(flush);
        } catch (error) {
          if (error instanceof StoreError && (error.failure === 'retry' || error.failure === 'slow')) retries += 1;
          throw error;
        } finally {
          flushes.leave(clock.now());
        }
      },
    },
    stats: () => ({ flushes: flushes.entered, retries, busyMs: flushes.occupiedMs(clock.now()) }),
  };
}
