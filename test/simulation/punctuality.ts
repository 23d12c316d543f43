import { BATCH } from '../../src/sources/queue.ts';
import type { Scenario } from './scenario.ts';

/** Windows become final this long after their end and the lateness, at the latest, while a worker idles, polls watch its queue and clocks agree. */
const PROMISED_MS = 2_000;
/** The skew that is part of it. */
const USUAL_SKEW_MS = 100;
/** Where no third poll is allowed, polls that a message made begin at once take so long to fall into step again. */
const STEP_MS = 1_000;
/** One poll watches in longer steps: where two are not allowed, or what was held just now left no credit for two. */
const ALONE_MS = 500;

/** Watches that windows become final in time. */
export interface Punctuality {
  /** After every step. @throws Error when a window should have been final. */
  look(now: number, isQuiet: boolean, firstOpenEnd: number): void;
}

export function punctuality({ lateness, skew, storeAhead, maxPollers, maxMessages, messages }: Scenario): Punctuality {
  const behind = Math.max(0, skew - storeAhead * skew - USUAL_SKEW_MS);
  const polls = Math.min(maxPollers, Math.floor((maxMessages - messages.length) / BATCH));
  const patience = PROMISED_MS + behind + (polls < 2 ? ALONE_MS : 0);
  const step = polls < 3 ? STEP_MS : 0;
  let quietSince = Number.NEGATIVE_INFINITY;
  return {
    look(now, isQuiet, firstOpenEnd) {
      if (!isQuiet) quietSince = now;
      const due = Math.max(firstOpenEnd + lateness, quietSince + step) + patience;
      if (now > due)
        throw new Error(
          `a window that ended at ${new Date(firstOpenEnd).toISOString()} is not final ${now - due} ms after it should be`,
        );
    },
  };
}
