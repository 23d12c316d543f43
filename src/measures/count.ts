import { type Measure, type MeasureOptions, numeric } from '../measure.ts';

/** How many events. A `bigint` column. */
export const count = <T>(options: MeasureOptions = {}): Measure<T> => ({
  ...options,
  kind: 'count',
  inputs: [],
  parts: [{ suffix: '', type: 'bigint', of: 'events', combine: 'sum' }],
  readings: [],
});

/** How many events meet the condition. A `bigint` column. */
export const countIf = <T>(condition: (event: T) => boolean, options: MeasureOptions = {}): Measure<T> => ({
  ...options,
  kind: 'countIf',
  inputs: [numeric((event) => (condition(event) ? 1 : 0))],
  parts: [{ suffix: '', type: 'bigint', of: 'value', combine: 'sum' }],
  readings: [],
});
