import type { Entry } from '../batch.ts';
import { MICROS_PER_DAY } from '../event-time.ts';
import type { Reject } from '../reject.ts';

/** Most days in one statement: it locks a partition and its index for each, and a server's lock table is shared (64 a connection by default). */
const DAYS = 200;
/** Most rejects in one statement, and most characters of their bodies. */
const REJECTS = 2_000;
const REJECTED_LENGTH = 4 * 2 ** 20;

/** Events in order of time, cut into what one statement may hold. */
export function* eventSlices<T>(entries: readonly Entry<T>[], limit: number): Generator<readonly Entry<T>[]> {
  let start = 0;
  let days = 0;
  let last = -1;
  for (const [i, { time }] of entries.entries()) {
    const day = Math.floor(time / MICROS_PER_DAY);
    if (day !== last) days += 1;
    last = day;
    if (i - start < limit && days <= DAYS) continue;
    yield entries.slice(start, i);
    start = i;
    days = 1;
  }
  if (start < entries.length) yield entries.slice(start);
}

/** Rejects, cut into what one statement may hold: a small message may carry very many of them. */
export function* rejectSlices(rejects: readonly Reject[]): Generator<readonly Reject[]> {
  let start = 0;
  let length = 0;
  for (const [i, { body }] of rejects.entries()) {
    length += body.length;
    if (i === start || (i - start < REJECTS && length <= REJECTED_LENGTH)) continue;
    yield rejects.slice(start, i);
    start = i;
    length = body.length;
  }
  if (start < rejects.length) yield rejects.slice(start);
}
