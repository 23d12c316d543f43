import type { MiddlewareHandler } from 'hono';
import { createMiddleware } from 'hono/factory';
import { LRUCache } from 'lru-cache';
import { Problem } from './problem.ts';
import { connectionOf, type ServerEnv } from './serving.ts';
import type { Caller } from './tokens.ts';

export interface RateLimit {
  /** Requests a second, for as long as one likes. Default 1,000: as many dashboards behind one token, each a second. */
  readonly perSecond?: number;
  /** Requests at once, after a while of none. Default 5,000. */
  readonly burst?: number;
}

const PER_SECOND = 1_000;
const BURST = 5_000;
/** Most tokens and addresses that are remembered: whoever is forgotten begins anew. */
const MOST_KNOWN = 10_000;

interface Bucket {
  left: number;
  at: number;
}

/**
 * Takes a request of somebody in.
 *
 * @param now milliseconds.
 * @returns in how many milliseconds the next one is let in; `0`: this one is.
 */
export function tokenBuckets(
  { perSecond = PER_SECOND, burst = BURST }: RateLimit = {},
  now: () => number = () => performance.now(),
): (who: string) => number {
  const buckets = new LRUCache<string, Bucket>({ max: MOST_KNOWN });
  return (who) => {
    const at = now();
    let bucket = buckets.get(who);
    if (!bucket) {
      bucket = { left: burst, at };
      buckets.set(who, bucket);
    }
    bucket.left = Math.min(burst, bucket.left + ((at - bucket.at) / 1_000) * perSecond);
    bucket.at = at;
    const isLet = bucket.left >= 1;
    if (isLet) bucket.left -= 1;
    return isLet ? 0 : ((1 - bucket.left) / perSecond) * 1_000;
  };
}

/** Requests of one token or, where there are none, of one address. */
export interface Limiter {
  /** Whom a request is held to; `undefined`: nobody. Whoever calls the app in its own process has neither token nor address. */
  readonly whose: (env: ServerEnv['Bindings'], caller: Caller) => string | undefined;
  readonly take: (who: string) => number;
  readonly middleware: MiddlewareHandler<ServerEnv>;
}

export function rateLimit(options: RateLimit | undefined, hasTokens: boolean): Limiter {
  const take = tokenBuckets(options);
  const whose: Limiter['whose'] = (env, caller) => (hasTokens ? caller.name : env.incoming?.socket.remoteAddress);
  return {
    whose,
    take,
    middleware: createMiddleware<ServerEnv>(async (c, next) => {
      const who = whose(connectionOf(c), c.get('caller'));
      const waitMs = who === undefined ? 0 : take(who);
      if (waitMs > 0) throw tooFast(waitMs, options);
      await next();
    }),
  };
}

const tooFast = (waitMs: number, { perSecond = PER_SECOND, burst = BURST }: RateLimit = {}): Problem =>
  new Problem({
    status: 429,
    code: 'rate',
    title: 'too many requests',
    expected: `at most ${perSecond} a second, and ${burst} at once`,
    got: 'more',
    fix: 'ask less often, or take the stream of a pipeline',
    headers: { 'retry-after': String(Math.ceil(waitMs / 1_000)) },
  });
