import { expect, test } from 'vitest';
import { tokenBuckets } from '../../src/server/rate-limit.ts';

test('a bucket lets so many in at once, then so many a second, and says when to come again', () => {
  let now = 0;
  const take = tokenBuckets({ perSecond: 10, burst: 3 }, () => now);
  expect([take('a'), take('a'), take('a')]).toEqual([0, 0, 0]);
  expect(take('a')).toBeCloseTo(100);
  expect(take('b')).toBe(0);
  now = 99;
  expect(take('a')).toBeCloseTo(1);
  now = 100;
  expect([take('a'), take('a')]).toEqual([0, expect.closeTo(100)]);
  now = 3_600_000;
  expect([take('a'), take('a'), take('a'), take('a')]).toEqual([0, 0, 0, expect.closeTo(100)]);
});

test('who is refused does not have to wait longer for having asked', () => {
  let now = 0;
  const take = tokenBuckets({ perSecond: 1, burst: 1 }, () => now);
  take('a');
  for (let i = 0; i < 1_000; i++) expect(take('a')).toBeCloseTo(1_000);
  now = 1_000;
  expect(take('a')).toBe(0);
});

test('so many are remembered and no more: whoever asked longest ago begins anew', () => {
  const take = tokenBuckets({ perSecond: 0.001, burst: 1 }, () => 0);
  take('first');
  expect(take('first')).toBeGreaterThan(0);
  for (let i = 0; i < 10_000; i++) take(`other ${i}`);
  expect(take('first')).toBe(0);
});
