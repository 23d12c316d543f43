import { declared } from '../declared.ts';
import { accessor, type Measure, type MeasureOptions, measureOptions, numeric } from '../measure.ts';

/** How many events. A `bigint` column. */
export function count<T, const U extends string = string>(options: MeasureOptions<U> = {}): Measure<T, U> {
  const given: unknown = options;
  declared(typeof given !== 'function', 'count', 'options: it counts every event', given, 'countIf((e) => …)');
  return {
    ...measureOptions(options, 'count'),
    kind: 'count',
    inputs: [],
    parts: [{ suffix: '', type: 'bigint', of: 'events', combine: 'sum' }],
    readings: [],
  };
}

/** How many events meet the condition. A `bigint` column. */
export function countIf<T, const U extends string = string>(
  condition: (event: T) => boolean,
  options: MeasureOptions<U> = {},
): Measure<T, U> {
  accessor(condition, 'countIf');
  return {
    ...measureOptions(options, 'countIf'),
    kind: 'countIf',
    inputs: [numeric((event) => (condition(event) ? 1 : 0))],
    parts: [{ suffix: '', type: 'bigint', of: 'value', combine: 'sum' }],
    readings: [],
  };
}
