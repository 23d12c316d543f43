import type { Clock } from '../clock.ts';
import { StoreError, type StoreFailure } from '../errors.ts';
import { Occupancy } from '../occupancy.ts';
import type { RejectReason } from '../reject.ts';
import { FLUSH_EVENTS, Spread, type SpreadReading, STATEMENT_SECONDS } from '../spread.ts';
import type { Flush, Store } from '../store.ts';

/** What a worker's store was asked for since the worker started. */
export interface FlushStats {
  /** Statements that began. */
  readonly flushes: number;
  /** Those that failed in a way that is repeated, in whole or in halves. */
  readonly retries: number;
  /** Milliseconds with at least one under way. */
  readonly busyMs: number;
  /** Seconds that flushes took: those that were committed, and those that failed, by what that meant. */
  readonly seconds: readonly { readonly failure?: StoreFailure; readonly seconds: SpreadReading }[];
  /** Events of each flush that was committed. */
  readonly events: SpreadReading;
  /** Groups that committed flushes merged into windows, by window table. */
  readonly merges: Readonly<Record<string, number>>;
  /** Rejects of committed flushes by reason; those that were kept already are among them. */
  readonly rejects: Readonly<Partial<Record<RejectReason, number>>>;
}

/** A store that counts its flushes. */
export function countingFlushes(
  store: Store,
  clock: Clock,
): { readonly store: Store; readonly stats: () => FlushStats } {
  const flushes = new Occupancy();
  const seconds = new Map<StoreFailure | undefined, Spread>([[undefined, new Spread(STATEMENT_SECONDS)]]);
  const events = new Spread(FLUSH_EVENTS);
  const merges: Record<string, number> = {};
  const rejects: Partial<Record<RejectReason, number>> = {};
  let retries = 0;

  function took(ms: number, failure?: StoreFailure): void {
    const known = seconds.get(failure) ?? new Spread(STATEMENT_SECONDS);
    seconds.set(failure, known);
    known.add(ms / 1_000);
  }

  function committed(flush: Flush): void {
    events.add(flush.entries.length);
    for (const { table, windows } of flush.folds) merges[table.name] = (merges[table.name] ?? 0) + windows.length;
    for (const { reason } of flush.rejects) rejects[reason] = (rejects[reason] ?? 0) + 1;
  }

  return {
    store: {
      prepare: (describe, rehearsal) => store.prepare(describe, rehearsal),
      horizon: () => store.horizon(),
      compare: (entries) => store.compare(entries),
      time: store.time,
      async commit(flush) {
        const began = clock.now();
        flushes.enter(began);
        try {
          const outcome = await store.commit(flush);
          took(clock.now() - began);
          committed(flush);
          return outcome;
        } catch (error) {
          const failure = error instanceof StoreError ? error.failure : 'fatal';
          if (failure === 'retry' || failure === 'slow') retries += 1;
          took(clock.now() - began, failure);
          throw error;
        } finally {
          flushes.leave(clock.now());
        }
      },
    },
    stats: () => ({
      flushes: flushes.entered,
      retries,
      busyMs: flushes.occupiedMs(clock.now()),
      seconds: [...seconds].map(([failure, each]) => ({ ...(failure ? { failure } : {}), seconds: each.read() })),
      events: events.read(),
      merges: { ...merges },
      rejects: { ...rejects },
    }),
  };
}
