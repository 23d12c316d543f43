import { type MonoTypeOperatorFunction, retry, type SchedulerLike, throwError, timer } from 'rxjs';
import { StoreError } from '../errors.ts';
import type { Backoff } from './backoff.ts';
import { surroundings } from './surroundings.ts';

export interface RetryBackoffOptions {
  /** Which errors are worth another try. Default: a store's `retry` failures. */
  readonly when?: (error: unknown) => boolean;
  /** Called before each wait. */
  readonly onRetry?: (error: unknown, failure: number, delayMs: number) => void;
  /** Processing time. Default RxJS's `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
}

/**
 * Subscribes again after an error worth it, with backoff. For one call (`defer(() => store.commit(flush))`), never around a pipeline: that would
 * lose the batches it holds.
 *
 * Delivery: the last error passes on once the attempts are used up or the error is not worth a retry.
 *
 * @example
 * defer(() => store.commit(flush)).pipe(retryBackoff(backoff({ first: '100ms', cap: '30s' })))
 */
export function retryBackoff<T>(policy: Backoff, options: RetryBackoffOptions = {}): MonoTypeOperatorFunction<T> {
  const { when = isRetryable, onRetry, scheduler = surroundings().scheduler } = options;
  return retry({
    delay: (error: unknown, failure) => {
      if (failure >= policy.attempts || !when(error)) return throwError(() => error);
      const wait = policy.delay(failure);
      onRetry?.(error, failure, wait);
      return timer(wait, scheduler);
    },
  });
}

/** Whether a store said that the same flush may be tried again. */
export const isRetryable = (error: unknown): boolean => error instanceof StoreError && error.failure === 'retry';
