import type { SourceProgress } from '../source.ts';
import type { Report } from '../timekeeping.ts';

/**
 * How far a worker is: the smallest of what its sources say. A source that holds messages is at the oldest of them; one that holds nothing is where it saw
 * the queue empty, or at what it settled last.
 *
 * @param storeTime the store's clock, at least, at an instant of the worker's; `undefined` while it is not known.
 */
export function lowOf(progress: readonly SourceProgress[], storeTime: (ms: number) => number | undefined): Report {
  let last: Report = { low: Number.POSITIVE_INFINITY, source: '', holding: false };
  for (const { source, held, settled, emptyAt } of progress) {
    const empty = emptyAt === undefined ? undefined : storeTime(emptyAt);
    const low = held ?? later(settled, empty);
    if (low === undefined) return { low, source, holding: false };
    if (low < (last.low as number)) last = { low, source, holding: held !== undefined };
  }
  return last;
}

const later = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
