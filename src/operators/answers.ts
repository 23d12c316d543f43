import { LRUCache } from 'lru-cache';

/** What a look-up answered lately, by key: what it found, `null` for nothing there, `undefined` where it must be asked. */
export interface Answers<V> {
  get(key: string): V | null | undefined;
  set(key: string, found: V | null): void;
}

export interface AnswersOptions {
  /** Most keys; the least recently used one goes. */
  readonly entries: number;
  readonly ttlMs: number;
  /** The same for "nothing there". 0 keeps none. */
  readonly absentMs: number;
  /** Processing time. */
  readonly now: () => number;
}

/** Answers that grow old, in bounded memory. It has no timer: what is too old is found so when it is asked for. */
export function answers<V>({ entries, ttlMs, absentMs, now }: AnswersOptions): Answers<V> {
  const cache = new LRUCache<string, { readonly found: V | null }>({
    max: entries,
    ttl: ttlMs,
    ttlResolution: 0, // otherwise it asks for the time seldom, by a timer of the machine
    perf: { now: () => now() + 1 }, // it takes 0 for no time, and virtual time may begin there
  });
  return {
    get: (key) => cache.get(key)?.found,
    set(key, found) {
      const ttl = found === null ? absentMs : ttlMs;
      if (ttl > 0) cache.set(key, { found }, { ttl });
      else cache.delete(key);
    },
  };
}
