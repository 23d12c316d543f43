import { expect, test } from 'vitest';
import type { Entry } from '../../src/batch.ts';
import { MICROS_PER_DAY } from '../../src/event-time.ts';
import { eventSlices, rejectSlices } from '../../src/operators/slices.ts';
import type { Reject } from '../../src/reject.ts';

const on = (day: number) => ({ time: day * MICROS_PER_DAY }) as Entry<unknown>;
const rejectOf = (length: number) => ({ body: 'x'.repeat(length) }) as Reject;
const sizes = (slices: Iterable<readonly unknown[]>) => [...slices].map((slice) => slice.length);

test('events are cut at the limit and after 200 days, each in exactly one slice', () => {
  const days = Array.from({ length: 401 }, (_, day) => on(day));
  expect(sizes(eventSlices(days, 1_000))).toEqual([200, 200, 1]);
  expect([...eventSlices(days, 1_000)].flat()).toEqual(days);
  expect(
    sizes(
      eventSlices(
        Array.from({ length: 25 }, () => on(1)),
        10,
      ),
    ),
  ).toEqual([10, 10, 5]);
  expect(sizes(eventSlices([], 10))).toEqual([]);
});

test('rejects are cut at 2,000 and at 4 MiB of bodies; one that is longer stands alone', () => {
  expect(sizes(rejectSlices(Array.from({ length: 4_001 }, () => rejectOf(1))))).toEqual([2_000, 2_000, 1]);
  const mib = 2 ** 20;
  expect(sizes(rejectSlices([3 * mib, 2 * mib, mib, 9 * mib, 1].map(rejectOf)))).toEqual([1, 2, 1, 1]);
  expect(sizes(rejectSlices([]))).toEqual([]);
});
