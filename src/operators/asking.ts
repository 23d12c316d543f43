import { Observable, type SchedulerLike, throwError, timeout } from 'rxjs';
import { spoken } from '../duration.ts';
import { ConfigError, LookupError } from '../errors.ts';
import type { OpenLookup } from '../lookup.ts';
import type { Backoff } from './backoff.ts';
import { retryBackoff } from './retry-backoff.ts';

export interface AskingOptions {
  readonly name: string;
  readonly deadlineMs: number;
  readonly retry: Backoff;
  readonly scheduler: SchedulerLike;
}

/** Told before each wait of a failing question. */
export type OnFailure = (error: unknown, failure: number, delayMs: number) => void;

/**
 * Asks a look-up, and again with backoff while it fails and that is worth it. Whoever unsubscribes, and the deadline of each try, aborts the question
 * that is under way.
 */
export function asking<V>(lookup: OpenLookup<V>, { name, deadlineMs, retry, scheduler }: AskingOptions) {
  const tooLate = () =>
    throwError(() => new LookupError('retry', 'DEADLINE', `look-up '${name}': no answer within ${spoken(deadlineMs)}`));

  return (keys: readonly string[], onRetry: OnFailure): Observable<ReadonlyMap<string, V>> =>
    question(lookup, keys).pipe(
      timeout({ first: deadlineMs, scheduler, with: tooLate }),
      retryBackoff(retry, { scheduler, onRetry, when: isPassing }),
    );
}

const question = <V>(lookup: OpenLookup<V>, keys: readonly string[]): Observable<ReadonlyMap<string, V>> =>
  new Observable((subscriber) => {
    const controller = new AbortController();
    let answered = false;
    lookup.find(keys, controller.signal).then(
      (found) => {
        answered = true; // an abort now could cost a kept socket
        subscriber.next(found);
        subscriber.complete();
      },
      (error: unknown) => subscriber.error(error),
    );
    return () => {
      if (!answered) controller.abort();
    };
  });

/** An author's own look-up may throw anything: what does not say that it is final is asked again. */
const isPassing = (error: unknown): boolean =>
  error instanceof LookupError ? error.failure === 'retry' : !(error instanceof ConfigError);
