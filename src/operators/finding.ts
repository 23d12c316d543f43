import { defer, EMPTY, map, type Observable, of, repeat, type SchedulerLike, takeLast, tap, timer } from 'rxjs';
import type { OpenLookup } from '../lookup.ts';
import { answers } from './answers.ts';
import { asking, type OnFailure } from './asking.ts';
import type { Backoff } from './backoff.ts';

export interface FindingOptions {
  readonly name: string;
  readonly entries: number;
  readonly ttlMs: number;
  readonly absentMs: number;
  readonly deadlineMs: number;
  /** How long to ask again for what is not there, from when a batch came; 0 asks once. */
  readonly waitMs: number;
  readonly retry: Backoff;
  readonly scheduler: SchedulerLike;
}

/** Told what a batch waits for. */
export interface OnWaiting {
  readonly onFailure: OnFailure;
  readonly onAbsent: () => void;
}

/** What was found, by key; `null` for nothing there. */
export type Found<V> = ReadonlyMap<string, V | null>;

/** Between two questions for what is not there: jitter may draw zero, and what appears should be seen soon. */
const SHORTEST_MS = 100;
const LONGEST_MS = 5_000;

/**
 * Finds what is known of keys: in the answers it remembers, and for all others by one question. One batch at a time.
 *
 * Time is that in which the look-up answers: an outage uses up nobody's patience.
 */
export function finding<V>(lookup: OpenLookup<V>, options: FindingOptions) {
  const { waitMs, retry, scheduler } = options;
  const known = answers<V>({ ...options, now: () => scheduler.now() });
  const ask = asking(lookup, options);
  let outagesMs = 0;
  const now = (): number => scheduler.now() - outagesMs;

  /** One question, until it is answered. */
  const answered = (keys: readonly string[], onFailure: OnFailure): Observable<ReadonlyMap<string, V>> =>
    defer(() => {
      const from = scheduler.now();
      let failed = false;
      const noteFailure: OnFailure = (...failure) => {
        failed = true;
        onFailure(...failure);
      };
      return ask(keys, noteFailure).pipe(
        tap(() => {
          if (failed) outagesMs += scheduler.now() - from;
        }),
      );
    });

  /** @param came when the batch did, by {@link now}. */
  function find(keys: ReadonlySet<string>, came: number, { onFailure, onAbsent }: OnWaiting): Observable<Found<V>> {
    const found = new Map<string, V | null>();
    let open: string[] = [];
    for (const key of keys) {
      const answer = known.get(key);
      if (answer === undefined) open.push(key);
      else found.set(key, answer);
    }
    if (open.length === 0) return of(found);
    return defer(() => answered(open, onFailure)).pipe(
      tap((reply) => {
        for (const key of open) {
          const answer = reply.get(key) ?? null;
          found.set(key, answer);
          known.set(key, answer);
        }
        open = open.filter((key) => found.get(key) === null);
      }),
      repeat({
        delay: (times) => {
          const left = waitMs === 0 ? 0 : came + waitMs - now();
          if (open.length === 0 || left <= 0) return EMPTY;
          onAbsent();
          return timer(Math.min(left, Math.max(SHORTEST_MS, Math.min(LONGEST_MS, retry.delay(times)))), scheduler);
        },
      }),
      takeLast(1),
      map(() => found),
    );
  }

  return { now, find };
}
