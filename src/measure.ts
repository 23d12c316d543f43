import { declared, knownOptions } from './declared.ts';
import type { Micros } from './event-time.ts';

/** What a measure takes from an event; `null` and `undefined` contribute nothing. Decimal text keeps every digit. */
export type Contribution = number | bigint | string | null | undefined;

/** What is known of an event beside its value. */
export interface Occurrence {
  readonly id: string;
  readonly time: Micros;
}

/** One value that a measure takes from an event. */
export interface Input<T> {
  /** `text`: the contribution is stored as it is; `numeric`: it is a finite number, a bigint or decimal text. */
  readonly type: 'numeric' | 'text';
  readonly read: (event: T, occurrence: Occurrence) => Contribution;
}

/** How two contributions become one: commutative and associative, so that any worker may merge in any order. `or` is of the bits of two bigints. */
export type Combine = 'sum' | 'min' | 'max' | 'or';

/** The same, of an author: see `defineMeasure`. */
export interface Combination {
  /** In the schema `scalestream`: a function of two values, and an aggregate of one, both of the part's type; null where an argument is. */
  readonly name: string;
  /** What the function does. */
  readonly of: (stored: string, value: string) => string;
}

/** One stored column of a measure. */
export interface Part {
  /** Appended to the measure's name. */
  readonly suffix: string;
  readonly type: 'bigint' | 'numeric' | 'text';
  /** What is folded: 1 for each event, the event's contribution, 1 for each contribution, or its square. */
  readonly of: 'events' | 'value' | 'values' | 'squares';
  /** Which input. Default the first. */
  readonly input?: number;
  readonly combine: Combine | Combination;
}

/** One item of a window: the values of its columns, and what an event contributes to it. */
export type Emit = (item: readonly (string | number)[], value?: Contribution) => void;

/**
 * What a measure stores in a table of its own, `<table>_<measure>`: a row for each window, key and item, so that what must be merged item by item is merged
 * where rows are, and nothing is rewritten that does not change.
 */
export interface Items<T> {
  /** The columns that name an item, beside window and key. */
  readonly columns: Readonly<Record<string, 'text' | 'bigint'>>;
  /** Calls `emit` for each item to which the event contributes. */
  readonly each: (event: T, occurrence: Occurrence, emit: Emit) => void;
  /** What is stored of each: their input is the value that was emitted. */
  readonly parts: readonly Part[];
}

/** Rows of items, as they are stored: columns, then parts, by name. */
export type ItemRow = Readonly<Record<string, string | null>>;

/** A column that is computed from what is stored, in the database and here alike. */
export interface Reading {
  /** Appended to the measure's name. */
  readonly suffix: string;
  readonly type: 'bigint' | 'numeric' | 'text' | 'boolean' | 'uuid' | 'jsonb';
  /** SQL: over parts an immutable expression of one row; over items an aggregate of their rows. `column` quotes a part's suffix, or an item's column. */
  readonly sql: (column: (name: string) => string) => string;
  /** The same, as text: of parts by suffix, and of the rows of the items. */
  readonly of: (parts: Readonly<Record<string, string | null>>, items: readonly ItemRow[]) => string | null;
}

/** One aggregate of a window table: how an event contributes, how contributions merge, how it reads. */
export interface Measure<T, U extends string = string> {
  readonly kind: string;
  /** What the database must agree on, beside the kind. */
  readonly shape?: readonly (string | number)[];
  readonly inputs: readonly Input<T>[];
  /** Columns of the window table. */
  readonly parts: readonly Part[];
  readonly items?: Items<T>;
  readonly readings: readonly Reading[];
  /** The only windows in which it means something. Default: any. */
  readonly needs?: 'session';
  /** Functions, and types, that its SQL uses: statements that may be repeated, in the schema `scalestream`. */
  readonly functions?: readonly string[];
  /** As a comment of its columns, in the API, and in the type of what is read of it: `'EUR'`, `'cent'`, `'ms'`. */
  readonly unit?: U;
}

/** What may be said of any measure. */
export interface MeasureOptions<U extends string = string> {
  /** As a comment of its columns, in the API, and in the type of what is read of it ({@link Amount}): `'EUR'`, `'cent'`, `'ms'`. */
  readonly unit?: U;
}

/**
 * Holds what a measure reads to a function of the event.
 *
 * @throws ConfigError naming the measure.
 */
export function accessor<F>(read: F, measure: string): F {
  const name = typeof read === 'string' && /^[a-z_]\w*$/i.test(read) ? read : 'value';
  declared(typeof read === 'function', measure, 'a function of the event', read, `${measure}((e) => e.${name})`);
  return read;
}

/**
 * Holds the options of a measure to those that there are, and its unit to a text.
 *
 * @throws ConfigError naming the measure.
 */
export function measureOptions<O extends MeasureOptions>(
  options: O,
  measure: string,
  allowed: readonly (keyof O & string)[] = ['unit'],
): O {
  knownOptions(options, allowed, measure);
  const { unit } = options;
  declared(unit === undefined || typeof unit === 'string', `${measure} unit`, 'a text', unit, "unit: 'EUR'");
  return options;
}

/** A number that a measure takes. */
export const numeric = <T>(read: (event: T) => Contribution): Input<T> => ({ type: 'numeric', read });
