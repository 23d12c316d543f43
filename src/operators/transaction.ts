import {
  defer,
  from,
  lastValueFrom,
  map,
  mergeMap,
  type Observable,
  of,
  type OperatorFunction,
  type SchedulerLike,
  tap,
  toArray,
} from 'rxjs';
import { type Batch, type Entry, type Fresh, mark } from '../batch.ts';
import { StoreError } from '../errors.ts';
import type { EventTable } from '../event-table.ts';
import { type Micros, MICROS_PER_MS } from '../event-time.ts';
import type { Committed, Counts } from '../pipeline.ts';
import type { Reject } from '../reject.ts';
import type { Describe, Flush, Fold, Outcome, Store } from '../store.ts';
import { type Backoff, backoff } from './backoff.ts';
import { distinct } from './distinct.ts';
import { mergeFolds } from './merge-folds.ts';
import { refuse } from './refuse.ts';
import { isRetryable, retryBackoff } from './retry-backoff.ts';
import { restore } from './restore.ts';
import { surroundings } from './surroundings.ts';

export interface TransactionOptions<T> {
  /** The event table that decides which events are new: each counts once. */
  readonly once: EventTable<T>;
  /** How to repeat a flush that failed or whose outcome is unknown. Default: 100 ms to 30 s, without end. */
  readonly retry?: Backoff;
  /** Flushes under way at once. Default 2. */
  readonly concurrency?: number;
  /** Most events in one statement. Default 10,000. */
  readonly events?: number;
  /** Processing time of the retries. Default RxJS's `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
}

/**
 * Does everything that a batch does to the world in one atomic step: inserts its new events, folds only those, keeps its rejects.
 * `graph` describes the folds: it is given each batch as a finite observable of its fresh events, is pure, and may be run again.
 *
 * Delivery: a batch passes on once it is committed. A failed or unknown outcome is repeated with backoff, and the event ids say what is there
 * already; an error that one event causes is bisected until that event stands alone as a reject; a flush that takes too long is repeated in
 * halves. A crash leaves all or nothing.
 *
 * @example
 * transaction(store, { once: shopEvents }, (fresh$) => fresh$.pipe(foldInto(trade)))
 */
export function transaction<T>(
  store: Store,
  options: TransactionOptions<T>,
  graph: (fresh$: Observable<Fresh<T>>) => Observable<Fold>,
): OperatorFunction<Batch<T>, Committed> {
  const {
    once,
    concurrency = 2,
    events: limit = 10_000,
    retry = backoff({ first: '100ms', cap: '30s' }),
    scheduler = surroundings().scheduler,
  } = options;

  const commit = (flush: Flush): Promise<Outcome> =>
    lastValueFrom(
      defer(() => store.commit(flush)).pipe(
        retryBackoff(retry, {
          scheduler,
          when: (error) => isRetryable(error) || (isSlow(error) && flush.entries.length <= 1),
        }),
      ),
    );

  /** What the events contribute, and those that turned out to be unfit. */
  const describe = async (
    entries: readonly Entry<T>[],
  ): Promise<{ folds: Fold[]; unfit: ReadonlyMap<number, Reject> }> => {
    const batch: Fresh<T> = { entries, rejects: [], messages: [], filtered: 0 };
    const folds = mergeFolds(await lastValueFrom(graph(of(batch)).pipe(toArray())));
    return { folds, unfit: new Map(folds.flatMap((fold) => [...fold.rejects])) };
  };

  const settle = async (given: readonly Entry<T>[], carried: readonly Reject[]): Promise<Outcome> => {
    const horizon = store.horizon();
    const { kept, rejects } = withoutOld(given, horizon, carried);
    const { folds, unfit } = await describe(kept);
    if (unfit.size > 0)
      return settle(renumber(kept.filter((entry) => !unfit.has(entry.position))), [...rejects, ...unfit.values()]);
    try {
      return await commit({ entries: kept, folds, rejects });
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      if (error.failure === 'horizon') return settle(kept, rejects);
      const [first] = kept;
      if (!first || (error.failure !== 'event' && error.failure !== 'slow')) throw error;
      if (kept.length === 1) {
        if (error.failure === 'slow') throw error;
        return settle([], [...rejects, refuse(first, 'store', 'refused-by-store', error)]);
      }
      const half = Math.ceil(kept.length / 2);
      return add(await settle(renumber(kept.slice(0, half)), rejects), await settle(renumber(kept.slice(half)), []));
    }
  };

  const run = async (batch: Batch<T>): Promise<Committed> => {
    const stored = restore(once, batch);
    const entries = distinct(stored.entries);
    let outcome = await settle(renumber(entries.slice(0, limit)), stored.rejects);
    for (let at = limit; at < entries.length; at += limit) {
      outcome = add(outcome, await settle(renumber(entries.slice(at, at + limit)), []));
    }
    mark(batch.messages, 'committed');
    return { messages: batch.messages, counts: countsOf(stored, outcome) };
  };

  return (batches$) =>
    // A rehearsal without events finds a table that is not declared before any message is received.
    from(describe([])).pipe(
      map(({ folds }) => store.prepare(describe as Describe, folds)),
      mergeMap(() =>
        batches$.pipe(
          // Held from here on: a batch may wait for its turn as long as the store is down.
          tap((batch) => mark(batch.messages, 'transaction', true)),
          mergeMap(run, concurrency),
        ),
      ),
    );
}

const isSlow = (error: unknown): boolean => error instanceof StoreError && error.failure === 'slow';

const renumber = <T>(entries: readonly Entry<T>[]): Entry<T>[] =>
  entries.map((entry, position) => ({ ...entry, position }));

function withoutOld<T>(
  entries: readonly Entry<T>[],
  horizon: Micros,
  carried: readonly Reject[],
): { kept: readonly Entry<T>[]; rejects: readonly Reject[] } {
  if (entries.every((entry) => entry.time >= horizon)) return { kept: entries, rejects: carried };
  const limit = new Date(horizon / MICROS_PER_MS).toISOString();
  const old = entries.filter((entry) => entry.time < horizon);
  const rejects = old.map((entry) =>
    refuse(
      entry,
      'transaction',
      'too-old',
      `older than the retention horizon ${limit}: it cannot be told from a repeat`,
    ),
  );
  return { kept: renumber(entries.filter((entry) => entry.time >= horizon)), rejects: [...carried, ...rejects] };
}

const add = (a: Outcome, b: Outcome): Outcome => ({
  fresh: a.fresh + b.fresh,
  windows: a.windows + b.windows,
  rejects: a.rejects + b.rejects,
});

function countsOf(batch: Batch<unknown>, outcome: Outcome): Counts {
  const arrived = batch.entries.length + batch.rejects.length;
  return {
    committed: outcome.fresh,
    duplicates: arrived - outcome.fresh - outcome.rejects,
    rejected: outcome.rejects,
    filtered: batch.filtered,
    windows: outcome.windows,
  };
}
