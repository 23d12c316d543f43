import { defer, lastValueFrom, type Observable, type SchedulerLike, takeUntil } from 'rxjs';
import { StoreError } from '../errors.ts';
import type { Backoff } from './backoff.ts';
import { isRetryable, retryBackoff } from './retry-backoff.ts';

/**
 * Asks a store, and again with backoff while that is worth it and somebody waits: once `ended` emits, nothing is tried any more. What is one thing alone
 * cannot be halved when it takes too long, so it is tried again too.
 */
export type Patiently = <R>(ask: () => Promise<R>, isOne: boolean, ended: Observable<unknown>) => Promise<R>;

/** See {@link Patiently}. */
export const patiently =
  (retry: Backoff, scheduler: SchedulerLike): Patiently =>
  (ask, isOne, ended) => {
    const when = (error: unknown) => isRetryable(error) || (isOne && failureOf(error) === 'slow');
    return lastValueFrom(defer(ask).pipe(retryBackoff(retry, { scheduler, when }), takeUntil(ended)));
  };

/** What a store's error says to do. */
export const failureOf = (error: unknown) => (error instanceof StoreError ? error.failure : undefined);

/** For halving what is too much. */
export const halves = <I>(items: readonly I[]): [readonly I[], readonly I[]] => [
  items.slice(0, items.length >> 1),
  items.slice(items.length >> 1),
];
