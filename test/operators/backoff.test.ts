import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Duration } from '../../src/duration.ts';
import { ConfigError } from '../../src/errors.ts';
import { backoff } from '../../src/operators/backoff.ts';

describe('backoff', () => {
  test('every wait is at least 0 and below both the cap and first × 2^(failure − 1)', () => {
    const ms = fc.integer({ min: 1, max: 100_000 });
    fc.assert(
      fc.property(
        ms,
        ms,
        fc.integer({ min: 1, max: 5_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (first, cap, failure, drawn) => {
          const wait = backoff({ first: `${first}ms`, cap: `${cap}ms`, random: () => drawn }).delay(failure);
          expect(wait).toBeGreaterThanOrEqual(0);
          expect(wait).toBeLessThan(Math.min(cap, first * 2 ** (failure - 1)));
        },
      ),
    );
  });

  test('waits spread over the whole range and double until the cap', () => {
    const { delay } = backoff({ first: '100ms', cap: '1s', random: () => 0.5 });
    expect([1, 2, 3, 4, 5, 6, 60].map(delay)).toEqual([50, 100, 200, 400, 500, 500, 500]);
  });

  test('has no limit of attempts unless told', () => {
    expect(backoff({ first: '1ms', cap: '1s' }).attempts).toBe(Number.POSITIVE_INFINITY);
    expect(backoff({ first: '1ms', cap: '1s', attempts: 3 }).attempts).toBe(3);
  });

  test.each<[string, () => unknown]>([
    ['no attempt', () => backoff({ first: '1ms', cap: '1s', attempts: 0 })],
    ['NaN attempts', () => backoff({ first: '1ms', cap: '1s', attempts: Number.NaN })],
    ['a first wait without unit', () => backoff({ first: '1' as Duration, cap: '1s' })],
    ['a cap of nothing', () => backoff({ first: '1ms', cap: '0s' })],
  ])('refuses %s', (_, wrong) => expect(wrong).toThrow(ConfigError));
});
