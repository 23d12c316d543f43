/** A number that a measure takes from an event; `null` and `undefined` contribute nothing. Decimal text keeps every digit. */
export type Contribution = number | bigint | string | null | undefined;

/** One stored column of a measure: a commutative fold, so that any worker may merge in any order. */
export interface Part {
  /** Appended to the measure's name. */
  readonly suffix: '' | '_sum' | '_count';
  readonly type: 'bigint' | 'numeric';
  /** What is folded: 1 for each event, the event's contribution, or 1 for each contribution. */
  readonly of: 'events' | 'value' | 'values';
  readonly combine: 'sum' | 'min' | 'max';
}

/** One aggregate of a window table: how an event contributes, how contributions merge, how it reads. */
export interface Measure<T> {
  readonly kind: 'count' | 'countIf' | 'sum' | 'min' | 'max' | 'mean';
  /** The event's contribution; absent when counting events needs none. */
  readonly value?: (event: T) => Contribution;
  readonly parts: readonly Part[];
}

/** How many events. A `bigint` column. */
export const count = <T>(): Measure<T> => ({
  kind: 'count',
  parts: [{ suffix: '', type: 'bigint', of: 'events', combine: 'sum' }],
});

/** How many events meet the condition. A `bigint` column. */
export const countIf = <T>(condition: (event: T) => boolean): Measure<T> => ({
  kind: 'countIf',
  value: (event) => (condition(event) ? 1 : 0),
  parts: [{ suffix: '', type: 'bigint', of: 'value', combine: 'sum' }],
});

/** The exact decimal sum; 0 where nothing contributed. A `numeric` column. Money: cents, or decimal text, never a rounded float. */
export const sum = <T>(value: (event: T) => Contribution): Measure<T> => ({
  kind: 'sum',
  value,
  parts: [{ suffix: '', type: 'numeric', of: 'value', combine: 'sum' }],
});

/** The smallest contribution; null where nothing contributed. A `numeric` column. */
export const min = <T>(value: (event: T) => Contribution): Measure<T> => ({
  kind: 'min',
  value,
  parts: [{ suffix: '', type: 'numeric', of: 'value', combine: 'min' }],
});

/** The largest contribution; null where nothing contributed. A `numeric` column. */
export const max = <T>(value: (event: T) => Contribution): Measure<T> => ({
  kind: 'max',
  value,
  parts: [{ suffix: '', type: 'numeric', of: 'value', combine: 'max' }],
});

/**
 * The arithmetic mean. Stored as `<name>_sum` and `<name>_count`, which merge exactly; `<name>` is their quotient, computed by the database;
 * null where nothing contributed.
 */
export const mean = <T>(value: (event: T) => Contribution): Measure<T> => ({
  kind: 'mean',
  value,
  parts: [
    { suffix: '_sum', type: 'numeric', of: 'value', combine: 'sum' },
    { suffix: '_count', type: 'bigint', of: 'values', combine: 'sum' },
  ],
});
