import type { Duration } from '../duration.ts';
import type { Micros } from '../event-time.ts';
import { lengthOf } from './length.ts';
import type { Span, Window } from '../window.ts';

/**
 * Tumbling windows: fixed size, no gaps, no overlap, half-open `[start, start + size)`, aligned to 1970-01-01T00:00:00Z.
 *
 * @param size at least a millisecond.
 * @throws ConfigError for a smaller one.
 * @example
 * tumbling('10s').of(12_345_678); // { start: 10000000, end: 20000000 }, microseconds
 */
export function tumbling(size: Duration): Window<unknown> {
  const length = lengthOf(size, 'tumbling(size)');
  return { kind: 'tumbling', shape: [length], of: aligned(length), stored: length, longest: length };
}

/** Spans of one length, aligned to 1970-01-01T00:00:00Z. The one that was asked for last is mostly asked for next. */
export function aligned(length: Micros): (time: Micros) => Span {
  let last: Span = { start: Number.POSITIVE_INFINITY, end: Number.POSITIVE_INFINITY };
  return (time) => {
    if (time >= last.start && time < last.end) return last;
    const start = time - (time % length);
    last = { start, end: start + length };
    return last;
  };
}
