import {
  from,
  lastValueFrom,
  map,
  mergeMap,
  Observable,
  of,
  type OperatorFunction,
  ReplaySubject,
  type SchedulerLike,
  tap,
  throwError,
  timeout,
  toArray,
} from 'rxjs';
import { type Batch, type Entry, type Fresh, mark } from '../batch.ts';
import { declared, isRecord } from '../declared.ts';
import type { EventTable } from '../event-table.ts';
import type { Committed, Counts } from '../pipeline.ts';
import type { Reject } from '../reject.ts';
import type { Describe, Fold, Store } from '../store.ts';
import { type Backoff, backoff } from './backoff.ts';
import { distinct } from './distinct.ts';
import { mergeFolds } from './merge-folds.ts';
import { patiently } from './patiently.ts';
import { restore } from './restore.ts';
import { addOutcomes, type Course, NOTHING, type Parts, type Settled, settlement } from './settlement.ts';
import { eventSlices } from './slices.ts';
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
 * halves. An event that is there already under another content becomes a reject, before its message passes on. A crash leaves all or nothing.
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

  declared(
    isRecord(once) && once.kind === 'events',
    'transaction once',
    'the event table',
    once,
    '{ once: shopEvents }',
  );

  /** What the events contribute, and those that turned out to be unfit. */
  const describe = async (
    entries: readonly Entry<T>[],
  ): Promise<{ folds: Fold[]; unfit: ReadonlyMap<number, Reject> }> => {
    const batch: Fresh<T> = { entries, rejects: [], messages: [], filtered: 0 };
    const described$ = graph(of(batch)).pipe(toArray(), timeout({ first: DESCRIBE_MS, scheduler, with: stuck }));
    const folds = mergeFolds(await lastValueFrom(described$));
    return { folds, unfit: new Map(folds.flatMap((fold) => [...fold.rejects])) };
  };

  const { settle, contest } = settlement({ store, once, describe, ask: patiently(retry, scheduler) });

  const run = async (batch: Batch<T>, ended: Observable<unknown>): Promise<Committed> => {
    const stored = restore(once, batch);
    let outcome = NOTHING;
    let left: Parts<T> = stored;
    do {
      const course: Course = { ended, refused: new Set() };
      const { entries, rivals } = distinct(once, left.entries);
      const [first = [], ...others] = eventSlices(entries, limit);
      outcome = addOutcomes(outcome, await settle({ entries: first, rejects: left.rejects }, course));
      for (const slice of others) outcome = addOutcomes(outcome, await settle({ entries: slice, rejects: [] }, course));
      const open = rivals(course.refused);
      left = { entries: [], rejects: [] };
      if (open.length > 0) {
        const contested = await contest(open, course);
        outcome = addOutcomes(outcome, contested.settled);
        left = { entries: contested.left, rejects: [] };
      }
    } while (left.entries.length > 0);
    mark(batch.messages, 'committed');
    return { messages: batch.messages, counts: countsOf(stored, outcome) };
  };

  /** A run whose retries end with its subscription: whoever stops a worker while the database is down is not kept waiting, nor surprised later. */
  const running = (batch: Batch<T>): Observable<Committed> =>
    new Observable((subscriber) => {
      const ended = new ReplaySubject<void>(1);
      run(batch, ended).then(
        (committed) => {
          subscriber.next(committed);
          subscriber.complete();
        },
        (error: unknown) => subscriber.error(error),
      );
      return () => ended.next();
    });

  return (batches$) =>
    // A rehearsal without events finds a table that is not declared before any message is received.
    from(describe([])).pipe(
      map(({ folds }) => store.prepare(describe as Describe, folds)),
      mergeMap(() =>
        batches$.pipe(
          // Held from here on: a batch may wait for its turn as long as the store is down.
          tap((batch) => mark(batch.messages, 'transaction', true)),
          mergeMap(running, concurrency),
        ),
      ),
    );
}

/** The inner graph waits for nothing, so it takes no time: one that does is stuck. */
const DESCRIBE_MS = 60_000;
const stuck = () =>
  throwError(() => new Error('the inner graph did not complete with its batch. Fix: let it wait for nothing'));

function countsOf(batch: Batch<unknown>, outcome: Settled): Counts {
  const arrived = batch.entries.length + batch.rejects.length;
  return {
    committed: outcome.fresh,
    duplicates: arrived - outcome.fresh - outcome.diverted - outcome.rejects,
    rejected: outcome.rejects,
    filtered: batch.filtered,
    diverted: outcome.diverted,
    late: outcome.late,
    windows: outcome.windows,
  };
}
