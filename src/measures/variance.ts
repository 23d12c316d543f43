import { Big } from 'big.js';
import { accessor, type Contribution, type Measure, type MeasureOptions, measureOptions, numeric } from '../measure.ts';
import { quotient } from './quotient.ts';

/** Decimals of a variance, and those of the quotient that is rounded to them: more than Postgres would choose for a large one. */
const [DECIMALS, DIGITS] = [12, 20];

/**
 * The sample variance, `(n Σx² − (Σx)²) / (n (n − 1))`; null for fewer than two contributions. Stored as `<name>_sum`, `<name>_squares` and `<name>_count`,
 * exact decimals that merge exactly: nothing is lost where values are large and alike. A `numeric` column,
 * of twelve decimals.
 */
export const variance = <T, const U extends string = string>(
  value: (event: T) => Contribution,
  options: MeasureOptions<U> = {},
): Measure<T, U> => ({
  ...measureOptions(options, 'variance'),
  kind: 'variance',
  inputs: [numeric(accessor(value, 'variance'))],
  parts: [
    { suffix: '_sum', type: 'numeric', of: 'value', combine: 'sum' },
    { suffix: '_squares', type: 'numeric', of: 'squares', combine: 'sum' },
    { suffix: '_count', type: 'bigint', of: 'values', combine: 'sum' },
  ],
  readings: [
    {
      suffix: '',
      type: 'numeric',
      sql: (column) => {
        const [sum, squares, n] = [column('_sum'), column('_squares'), `${column('_count')}::numeric`];
        return `round((${n} * ${squares} - ${sum} * ${sum} + 0e-${DIGITS}) / nullif(${n} * (${n} - 1), 0), ${DECIMALS})`;
      },
      of: (parts) => {
        const [sum, squares, n] = [parts['_sum'], parts['_squares'], parts['_count']].map((part) => new Big(part ?? 0));
        if (!sum || !squares || !n) return null;
        const exact = quotient(n.times(squares).minus(sum.times(sum)).toFixed(), n.times(n.minus(1)).toFixed(), DIGITS);
        return exact && new Big(exact).round(DECIMALS).toFixed();
      },
    },
  ],
});
