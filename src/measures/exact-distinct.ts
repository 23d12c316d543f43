import { accessor, type Measure, type MeasureOptions, measureOptions } from '../measure.ts';

/**
 * How many different values, exactly; null contributes nothing. A `bigint` column. Each value is a row of `<table>_<name>`, with `n` events: for millions of them in
 * one window there is `distinct`, which stores a fraction of it.
 *
 * @example
 * exactDistinct((e) => e.user)
 */
export function exactDistinct<T, const U extends string = string>(
  value: (event: T) => string | null | undefined,
  options: MeasureOptions<U> = {},
): Measure<T, U> {
  accessor(value, 'exactDistinct');
  return {
    ...measureOptions(options, 'exactDistinct'),
    kind: 'exactDistinct',
    inputs: [],
    parts: [],
    items: {
      columns: { item: 'text' },
      each: (event, _, emit) => {
        const item = value(event);
        if (item !== null && item !== undefined) emit([item]);
      },
      parts: [{ suffix: 'n', type: 'bigint', of: 'events', combine: 'sum' }],
    },
    readings: [{ suffix: '', type: 'bigint', sql: () => 'count(*)', of: (_, items) => String(items.length) }],
  };
}
