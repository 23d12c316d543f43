import { accessor, type Contribution, type Measure, type MeasureOptions, measureOptions, numeric } from '../measure.ts';

const extreme =
  (kind: 'min' | 'max') =>
  <T, const U extends string = string>(
    value: (event: T) => Contribution,
    options: MeasureOptions<U> = {},
  ): Measure<T, U> => ({
    ...measureOptions(options, kind),
    kind,
    inputs: [numeric(accessor(value, kind))],
    parts: [{ suffix: '', type: 'numeric', of: 'value', combine: kind }],
    readings: [],
  });

/** The smallest contribution; null where nothing contributed. A `numeric` column. */
export const min = extreme('min');

/** The largest contribution; null where nothing contributed. A `numeric` column. */
export const max = extreme('max');
