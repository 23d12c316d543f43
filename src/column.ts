import { declared, isRecord } from './declared.ts';

/** Types of the columns that authors declare. All compare the same in JavaScript (in canonical form) and in Postgres. */
export type ColumnType = 'text' | 'uuid' | 'bigint' | 'numeric' | 'boolean';

/** Anything an author may return for a column. `null` and `undefined` are SQL's null. */
export type ColumnValue = string | number | bigint | boolean | null | undefined;

/** A typed column and how to read it from an event. */
export interface Column<T> {
  readonly type: ColumnType;
  readonly read: (event: T) => ColumnValue;
}

/**
 * A column as a file declares it: a plain accessor of text, or the type and its accessor.
 *
 * - `(e) => e.product`: `text`, compared byte by byte (collation "C")
 * - `{ uuid: (e) => e.id }`: upper and lower case are the same
 * - `{ bigint: (e) => e.user }`: whole numbers of 64 bits, as a safe integer, a bigint or digits
 * - `{ numeric: (e) => e.price }`: exact decimals, as a number, a bigint or decimal text
 * - `{ boolean: (e) => e.isNew }`
 */
export type ColumnOf<T, Null = null | undefined> =
  | ((event: T) => string | Null)
  | { readonly uuid: (event: T) => string | Null }
  | { readonly bigint: (event: T) => number | bigint | string | Null }
  | { readonly numeric: (event: T) => number | bigint | string | Null }
  | { readonly boolean: (event: T) => boolean | Null };

/**
 * The column that a declaration means.
 *
 * @throws ConfigError when it is none.
 */
export function asColumn<T, Null>(column: ColumnOf<T, Null>, where = 'column'): Column<T> {
  if (typeof column === 'function') return { type: 'text', read: column as Column<T>['read'] };
  const [[type, read] = [], ...others] = isRecord(column)
    ? (Object.entries(column) as [ColumnType, Column<T>['read']][])
    : [];
  declared(
    type !== undefined && others.length === 0 && Object.hasOwn(FORMS, type) && typeof read === 'function',
    where,
    'an accessor, or { uuid | bigint | numeric | boolean: accessor }',
    column,
    '(e) => e.name',
  );
  return { type, read };
}

/** Longest text in a key or an id, in UTF-8 bytes: a Postgres index row holds 2,704. */
export const MAX_TEXT_BYTES = 1_000;
/** Most bytes of all columns of a key together, with those that name an item: what one Postgres index row holds, beside the columns of windows. */
export const MAX_KEY_BYTES = 2_000;
/** Most digits of a number, its exponent written out: sums and squares of such stay far from where Postgres' numbers end, at 131,072. */
export const MAX_DIGITS = 1_000;

const CANONICAL_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const INTEGER = /^-?\d{1,19}$/;
const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?$/;
const BIGINT_LIMIT = 2n ** 63n;

/**
 * The value as Postgres prints it, so that equal here is equal there; `null` for no value; `undefined` when it does not fit the type.
 *
 * @example
 * canonical('uuid', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'); // 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'
 */
export function canonical(type: ColumnType, value: unknown): string | null | undefined {
  return value === null || value === undefined ? null : FORMS[type](value);
}

const FORMS: Readonly<Record<ColumnType, (value: unknown) => string | undefined>> = {
  text: (value) => (typeof value === 'string' && storable(value) ? value : undefined),
  uuid: (value) => (typeof value === 'string' ? canonicalUuid(value) : undefined),
  bigint: canonicalInteger,
  numeric: decimal,
  boolean: (value) => (typeof value === 'boolean' ? String(value) : undefined),
};

/** Whether Postgres can store the text: no NUL, no lone surrogate. */
export const storable = (value: string): boolean => value.isWellFormed() && !value.includes('\0');

/** A finite number, bigint or decimal text of at most {@link MAX_DIGITS} digits as decimal text; `undefined` for anything else. */
export function decimal(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : undefined;
  const text = typeof value === 'bigint' ? String(value) : value;
  if (typeof text !== 'string' || !DECIMAL.test(text) || isTooLong(text)) return undefined;
  return text.startsWith('+') ? text.slice(1) : text;
}

/** What else is expected of a number that {@link decimal} refused, for messages. */
export const digitsOf = (value: unknown): string =>
  typeof value !== 'number' && DECIMAL.test(String(value)) ? ` of at most ${MAX_DIGITS} digits` : '';

/** Whether a decimal text stands for more digits than {@link MAX_DIGITS}, before and behind its point. */
function isTooLong(text: string): boolean {
  const e = text.search(/e/i);
  if (e === -1 && text.length <= MAX_DIGITS) return false;
  const [whole = '', fraction = ''] = (e === -1 ? text : text.slice(0, e)).replace(/^[+-]/, '').split('.');
  const exponent = e === -1 ? 0 : Number(text.slice(e + 1));
  return Math.max(whole.length + exponent, 0) + Math.max(fraction.length - exponent, 0) > MAX_DIGITS;
}

function canonicalUuid(text: string): string | undefined {
  if (CANONICAL_UUID.test(text)) return text;
  if (!UUID.test(text)) return undefined;
  const hex = text.replaceAll('-', '').toLowerCase();
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function canonicalInteger(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined;
  if (typeof value === 'string' && !INTEGER.test(value)) return undefined;
  if (typeof value !== 'bigint' && typeof value !== 'string') return undefined;
  const whole = BigInt(value);
  return whole >= -BIGINT_LIMIT && whole < BIGINT_LIMIT ? String(whole) : undefined;
}
