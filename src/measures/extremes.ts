import { accessor, type Contribution, type Measure, type MeasureOptions, measureOptions, numeric } from '../measure.ts';

const extreme =
  (kind: 'min' | 'max') =>
  <T>(value: (event: T) => Contribution, options: MeasureOptions = {}): Measure<T> => ({
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
