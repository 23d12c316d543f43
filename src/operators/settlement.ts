import { defer, lastValueFrom, type Observable, type SchedulerLike, takeUntil } from 'rxjs';
import type { Entry } from '../batch.ts';
import { StoreError } from '../errors.ts';
import { type Micros, MICROS_PER_MS } from '../event-time.ts';
import type { Reject } from '../reject.ts';
import type { Fold, Outcome, Store } from '../store.ts';
import type { Backoff } from './backoff.ts';
import { refuse } from './refuse.ts';
import { isRetryable, retryBackoff } from './retry-backoff.ts';
import { rejectSlices } from './slices.ts';

/** What one statement takes: distinct events and rejects. */
export interface Parts<T> {
  readonly entries: readonly Entry<T>[];
  readonly rejects: readonly Reject[];
}

export interface SettlementOptions<T> {
  readonly store: Store;
  /** What the events contribute, and those that turn out to be unfit, by position. */
  readonly describe: (
    entries: readonly Entry<T>[],
  ) => Promise<{ readonly folds: readonly Fold[]; readonly unfit: ReadonlyMap<number, Reject> }>;
  readonly retry: Backoff;
  readonly scheduler: SchedulerLike;
}

/**
 * Brings events and rejects into the store, whatever it takes: repeats what failed or is unknown, halves what is too much or what one event spoils,
 * until that event stands alone as a reject.
 *
 * @returns a function whose second parameter emits when nobody waits any more: then nothing is tried again.
 */
export function settlement<T>({ store, describe, retry, scheduler }: SettlementOptions<T>) {
  const commit = (parts: Parts<T>, folds: readonly Fold[], ended: Observable<unknown>): Promise<Outcome> => {
    const isOne = parts.entries.length + parts.rejects.length <= 1;
    const when = (error: unknown) => isRetryable(error) || (isOne && failureOf(error) === 'slow');
    const flush = { ...parts, folds };
    const attempt$ = defer(() => store.commit(flush));
    return lastValueFrom(attempt$.pipe(retryBackoff(retry, { scheduler, when }), takeUntil(ended)));
  };

  async function settle(given: Parts<T>, ended: Observable<unknown>): Promise<Outcome> {
    const { entries, rejects } = withoutOld(given, store.horizon());
    const { folds, unfit } = await describe(entries);
    if (unfit.size > 0) {
      const fit = entries.filter((entry) => !unfit.has(entry.position));
      return settle({ entries: fit, rejects: [...rejects, ...asStored(entries, unfit)] }, ended);
    }
    const slices = [...rejectSlices(rejects)];
    if (slices.length > 1) {
      return each([{ entries, rejects: [] }, ...slices.map((slice) => ({ entries: [], rejects: slice }))], ended);
    }
    try {
      return await commit({ entries, rejects }, folds, ended);
    } catch (error) {
      const failure = failureOf(error);
      if (failure === 'horizon') return settle({ entries, rejects }, ended);
      if (failure !== 'event' && failure !== 'slow') throw error;
      const parts = divided({ entries, rejects });
      if (parts) return each(parts, ended);
      const [only] = entries;
      if (!only || failure === 'slow') throw error;
      return settle({ entries: [], rejects: [refuse(only, 'store', 'refused-by-store', error)] }, ended);
    }
  }

  async function each(parts: readonly Parts<T>[], ended: Observable<unknown>): Promise<Outcome> {
    let outcome: Outcome = { fresh: 0, windows: 0, rejects: 0 };
    for (const part of parts) outcome = addOutcomes(outcome, await settle(part, ended));
    return outcome;
  }

  return settle;
}

/** Two smaller parts, or none where one thing is left: rejects apart from events first, since only one of them can be at fault. */
function divided<T>({ entries, rejects }: Parts<T>): readonly Parts<T>[] | undefined {
  const halves = <I>(items: readonly I[]) => [items.slice(0, items.length >> 1), items.slice(items.length >> 1)];
  if (entries.length > 0 && rejects.length > 0)
    return [
      { entries, rejects: [] },
      { entries: [], rejects },
    ];
  if (entries.length > 1) return halves(entries).map((half) => ({ entries: half, rejects: [] }));
  if (rejects.length > 1) return halves(rejects).map((half) => ({ entries: [], rejects: half }));
  return undefined;
}

/** The rejects of unfit events with what is stored of them, not with what the inner graph made of it. */
const asStored = (entries: readonly Entry<unknown>[], unfit: ReadonlyMap<number, Reject>): Reject[] =>
  entries.flatMap((entry) => {
    const why = unfit.get(entry.position);
    return why ? [refuse(entry, why.stage, why.reason, why.detail)] : [];
  });

/** The events that are not behind the horizon, numbered by their place; the others become rejects. */
function withoutOld<T>({ entries, rejects }: Parts<T>, horizon: Micros): Parts<T> {
  const old = entries.filter((entry) => entry.time < horizon);
  const kept = old.length === 0 ? entries : entries.filter((entry) => entry.time >= horizon);
  const numbered = kept.map((entry, position) => ({ ...entry, position }));
  if (old.length === 0) return { entries: numbered, rejects };
  const limit = new Date(horizon / MICROS_PER_MS).toISOString();
  const why = `older than the retention horizon ${limit}: it cannot be told from a repeat`;
  return {
    entries: numbered,
    rejects: [...rejects, ...old.map((entry) => refuse(entry, 'transaction', 'too-old', why))],
  };
}

const failureOf = (error: unknown) => (error instanceof StoreError ? error.failure : undefined);

/** What two flushes did together. */
export const addOutcomes = (a: Outcome, b: Outcome): Outcome => ({
  fresh: a.fresh + b.fresh,
  windows: a.windows + b.windows,
  rejects: a.rejects + b.rejects,
});
