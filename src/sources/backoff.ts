import type { Failure } from './queue.ts';

/** First delay and cap of the wait after a failed receive, in milliseconds: what cannot heal within seconds is asked for less often. */
const POLL_DELAYS: Readonly<Record<Failure, readonly [first: number, cap: number]>> = {
  network: [100, 20_000],
  throttled: [1_000, 20_000],
  credentials: [5_000, 30_000],
  refused: [10_000, 60_000],
};

/** SQS takes no more than 12 h, but a message released often should still come back soon after its cause is gone. */
const MAX_RELEASE_SECONDS = 900;

/** Milliseconds to wait after the `failures`th failed receive in a row: exponential, jittered over its upper half so that it is never zero. */
export function pollDelay(failure: Failure, failures: number, random: () => number): number {
  const [first, cap] = POLL_DELAYS[failure];
  return Math.min(cap, first * 2 ** Math.min(failures - 1, 20)) * (0.5 + random() / 2);
}

/**
 * Whole seconds for which a message released after its `receiveCount`th delivery stays away: full jitter over min(900, 2^n), never 0, since
 * a message that is visible at once is received at once and burns its `maxReceiveCount` in a hot loop.
 */
export function releaseSeconds(receiveCount: number, random: () => number): number {
  return Math.max(1, Math.ceil(random() * Math.min(MAX_RELEASE_SECONDS, 2 ** Math.min(receiveCount, 20))));
}
