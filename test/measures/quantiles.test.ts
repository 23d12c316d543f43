import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConfigError, quantiles } from '../../src/index.ts';
import type { ItemRow } from '../../src/measure.ts';
import { bucketsOf } from '../../src/measures/buckets.ts';
import { type Fact, fact, readOf } from './facts.ts';

const value = (e: Fact) => e.value;
const double = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ min: -1_000, max: 1_000, noNaN: true }),
  fc.constantFrom(0, 5e-324, -5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, 1, 0.1),
);
const error = fc.constantFrom(0.0001, 0.001, 0.01, 0.05, 0.5);

test('the value of a bucket is at most the error from what is in it, for every double', () => {
  fc.assert(
    fc.property(error, double, (most, x) => {
      const found = bucketsOf(most)(x).value;
      expect(Math.abs(found - x)).toBeLessThanOrEqual(most * Math.abs(x));
    }),
    { numRuns: 5_000 },
  );
});

test('buckets are in the order of their values, and no numbers that lose digits', () => {
  fc.assert(
    fc.property(error, double, double, (most, x, y) => {
      const of = bucketsOf(most);
      const [a, b] = [of(x), of(y)].map(({ code }) => code[0]) as [number, number];
      expect(Number.isSafeInteger(a)).toBe(true);
      expect(a === b || a < b === x < y).toBe(true);
    }),
    { numRuns: 5_000 },
  );
});

/** As `percentile_disc` does: the smallest value that so many are not above. */
const exact = (values: readonly number[], p: number): number =>
  values.toSorted((a, b) => a - b)[Math.ceil(Number((p * values.length).toFixed(9))) - 1] as number;

test('quantiles of any numbers are within the error of the exact ones, each a column of its own', () => {
  const p = [0.001, 0.25, 0.5, 0.95, 0.999];
  const measure = quantiles((x: number) => x, { p });
  expect(measure.readings.map(({ suffix }) => suffix)).toEqual(['_p0_1', '_p25', '_p50', '_p95', '_p99_9']);
  fc.assert(
    fc.property(fc.array(double, { minLength: 1, maxLength: 300 }), (values) => {
      const rows = new Map<number, { value: string; n: number }>();
      for (const x of values)
        measure.items?.each(x, { id: '', time: 0 }, ([bucket], it) => {
          const row = rows.get(bucket as number) ?? { value: String(it), n: 0 };
          rows.set(bucket as number, { ...row, n: row.n + 1 });
        });
      const items = [...rows].map(
        ([bucket, row]): ItemRow => ({ bucket: String(bucket), value: row.value, n: String(row.n) }),
      );
      for (const [i, share] of p.entries()) {
        const found = Number(measure.readings[i]?.of({}, items));
        const true_ = exact(values, share);
        expect(Math.abs(found - true_)).toBeLessThanOrEqual(0.01 * Math.abs(true_));
      }
    }),
    { numRuns: 300 },
  );
});

test('null contributes nothing, decimal text counts, and nothing has no quantile', async () => {
  const measure = quantiles(value, { p: [0.5] });
  expect(
    await readOf(
      measure,
      [null, '100.0', null].map((each, i) => fact(i, { value: each })),
    ),
  ).toEqual({
    m_p50: '100.448247',
    rejects: [],
  });
  expect(await readOf(measure, [fact(1, { value: null })])).toEqual({ m_p50: null, rejects: [] });
});

test('what is no number, or too large for a double, makes its event a reject', async () => {
  const { rejects } = await readOf(quantiles(value, { p: [0.5] }), [
    fact(1, { value: '1e999' }),
    fact(2, { value: 'x' }),
  ]);
  expect(rejects).toEqual([
    expect.stringMatching(/^unfoldable: measure 'm': quantiles: .* got '1e999'$/),
    expect.stringMatching(/'x'/),
  ]);
});

test.each([{ p: [] }, { p: [0] }, { p: [1] }, { p: [Number.NaN] }, { p: [0.5], error: 0 }, { p: [0.5], error: 1 }])(
  '%o is refused',
  (options) => expect(() => quantiles(value, options)).toThrow(ConfigError),
);
