import { accessor, type Contribution, type Measure, type MeasureOptions, measureOptions, numeric } from '../measure.ts';

/** The exact decimal sum; 0 where nothing contributed. A `numeric` column. Money: cents, or decimal text, never a rounded float. */
export const sum = <T, const U extends string = string>(
  value: (event: T) => Contribution,
  options: MeasureOptions<U> = {},
): Measure<T, U> => ({
  ...measureOptions(options, 'sum'),
  kind: 'sum',
  inputs: [numeric(accessor(value, 'sum'))],
  parts: [{ suffix: '', type: 'numeric', of: 'value', combine: 'sum' }],
  readings: [],
});
