import { MICROS_PER_MS } from '../event-time.ts';
import type { Pipeline } from '../pipeline.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** Shorter than any worker may be silent, or a poll be late. */
const LEAP_MS = 15_000;
/** Shorter than the silence after which a store lets those live on who lived when it began, the dead too. */
const LEAP_AFTER_STRIKES_MS = 4_000;
/** Shorter ones save nothing. */
const LEAST_LEAP_MS = 1_000;
/** Longer than the watermark is behind at the end of two leaps, with all that follows from it. */
const EXACT_MS = 30_000;

/**
 * Lets time pass up to `until`. While nothing is in the queue only heartbeats happen, and they need not happen each: time leaps over them. Before it ends it
 * passes as it does, so that whoever looks then sees what there is to see.
 *
 * @param isIdle whether nothing is in the queue or with a worker.
 * @param isStruck whether there may be workers that are dead or stand still.
 */
export async function passTime(
  clock: VirtualClock,
  until: number,
  {
    pipeline,
    isIdle,
    isStruck,
  }: { readonly pipeline: Pipeline; readonly isIdle: () => boolean; readonly isStruck: boolean },
): Promise<void> {
  // Half a window at most: two windows of a table never become final at once, so their order stays.
  const leapMs = Math.min(
    isStruck ? LEAP_AFTER_STRIKES_MS : LEAP_MS,
    ...pipeline.windows.map(({ window }) => (window.stored ?? window.longest) / MICROS_PER_MS / 2),
  );
  do {
    const rest = until - clock.now();
    if (leapMs >= LEAST_LEAP_MS && rest > EXACT_MS && isIdle()) await clock.leap(leapMs);
    else await clock.advance(Math.min(rest, EXACT_MS));
  } while (clock.now() < until);
}
