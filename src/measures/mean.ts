import { accessor, type Contribution, type Measure, type MeasureOptions, measureOptions, numeric } from '../measure.ts';
import { quotient } from './quotient.ts';

/**
 * The arithmetic mean. Stored as `<name>_sum` and `<name>_count`, which merge exactly; `<name>` is their quotient, computed by the database;
 * null where nothing contributed.
 */
export const mean = <T, const U extends string = string>(
  value: (event: T) => Contribution,
  options: MeasureOptions<U> = {},
): Measure<T, U> => ({
  ...measureOptions(options, 'mean'),
  kind: 'mean',
  inputs: [numeric(accessor(value, 'mean'))],
  parts: [
    { suffix: '_sum', type: 'numeric', of: 'value', combine: 'sum' },
    { suffix: '_count', type: 'bigint', of: 'values', combine: 'sum' },
  ],
  readings: [
    {
      suffix: '',
      type: 'numeric',
      sql: (column) => `${column('_sum')} / nullif(${column('_count')}, 0)`,
      of: (parts) => quotient(parts['_sum'] ?? null, parts['_count'] ?? null),
    },
  ],
});
