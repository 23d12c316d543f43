import { type Contribution, type Measure, type MeasureOptions, numeric } from '../measure.ts';

/** The exact decimal sum; 0 where nothing contributed. A `numeric` column. Money: cents, or decimal text, never a rounded float. */
export const sum = <T>(value: (event: T) => Contribution, options: MeasureOptions = {}): Measure<T> => ({
  ...options,
  kind: 'sum',
  inputs: [numeric(value)],
  parts: [{ suffix: '', type: 'numeric', of: 'value', combine: 'sum' }],
  readings: [],
});
