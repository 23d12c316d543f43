import { type Duration, milliseconds } from '../duration.ts';
import { ConfigError } from '../errors.ts';
import { surroundings } from './surroundings.ts';

export interface BackoffOptions {
  /** Upper bound of the first wait. */
  readonly first: Duration;
  /** Upper bound of every wait. */
  readonly cap: Duration;
  /** How many tries in all, the first included. Default: no limit. */
  readonly attempts?: number;
  /** Source of jitter, in [0, 1). Default `Math.random`. */
  readonly random?: () => number;
}

/** How long to wait before trying again. */
export interface Backoff {
  readonly attempts: number;
  /** Milliseconds to wait after failure number `failure`, counted from 1. */
  readonly delay: (failure: number) => number;
}

/**
 * Exponential backoff with full jitter: a wait evenly drawn from 0 to min(cap, first × 2^(failure − 1)), so that workers that failed together do
 * not try together. Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 *
 * @example
 * backoff({ first: '100ms', cap: '30s' }).delay(3); // somewhere in [0, 400)
 */
export function backoff({
  first,
  cap,
  attempts = Number.POSITIVE_INFINITY,
  random = surroundings().random,
}: BackoffOptions): Backoff {
  const base = milliseconds(first, 'backoff first');
  const limit = milliseconds(cap, 'backoff cap');
  if (!(attempts >= 1)) {
    throw new ConfigError({
      where: 'backoff attempts',
      expected: '1 or more',
      got: String(attempts),
      fix: 'attempts: 1 tries once',
    });
  }
  return { attempts, delay: (failure) => random() * Math.min(limit, base * 2 ** Math.min(failure - 1, 50)) };
}
