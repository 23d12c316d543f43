import { createMiddleware } from 'hono/factory';
import { LRUCache } from 'lru-cache';
import { Problem } from './problem.ts';
import { connectionOf, type ServerEnv } from './serving.ts';

export interface RateLimit {
  /** Requests a second, for as long as one likes. Default 200. */
  readonly perSecond?: number;
  /** Requests at once, after a while of none. Default 1,000. */
  readonly burst?: number;
}

/** Most tokens and addresses that are remembered: whoever is forgotten begins anew. */
const MOST_KNOWN = 10_000;

interface Bucket {
  readonly left: number;
  readonly at: number;
}

/**
 * Takes a request of somebody in.
 *
 * @param now milliseconds.
 * @returns in how many milliseconds the next one is let in; `0`: this one is.
 */
export function tokenBuckets(
  { perSecond = 200, burst = 1_000 }: RateLimit = {},
  now: () => number = () => performance.now(),
): (who: string) => number {
  const buckets = new LRUCache<string, Bucket>({ max: MOST_KNOWN });
  return (who) => {
    const at = now();
    const bucket = buckets.get(who) ?? { left: burst, at };
    const left = Math.min(burst, bucket.left + ((at - bucket.at) / 1_000) * perSecond);
    const isLet = left >= 1;
    buckets.set(who, { left: isLet ? left - 1 : left, at });
    return isLet ? 0 : ((1 - left) / perSecond) * 1_000;
  };
}

/** Holds each token to a rate, or where there are none each address. Whoever calls the app in its own process has neither, and is held to nothing. */
export function rateLimit(options: RateLimit | undefined, hasTokens: boolean) {
  const take = tokenBuckets(options);
  return createMiddleware<ServerEnv>(async (c, next) => {
    const who = hasTokens ? c.get('caller').name : connectionOf(c).incoming?.socket.remoteAddress;
    const waitMs = who === undefined ? 0 : take(who);
    if (waitMs > 0) throw tooFast(waitMs, options);
    await next();
  });
}

const tooFast = (waitMs: number, { perSecond = 200, burst = 1_000 }: RateLimit = {}): Problem =>
  new Problem({
    status: 429,
    code: 'rate',
    title: 'too many requests',
    expected: `at most ${perSecond} a second, and ${burst} at once`,
    got: 'more',
    fix: 'ask less often, or take the stream of a pipeline',
    headers: { 'retry-after': String(Math.ceil(waitMs / 1_000)) },
  });
