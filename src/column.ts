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
  const [[type, read] = []] = isRecord(column) ? (Object.entries(column) as [ColumnType, Column<T>['read']][]) : [];
  declared(
    type !== undefined && Object.hasOwn(FORMS, type) && typeof read === 'function',
    where,
    'an accessor, or { uuid | bigint | numeric | boolean: accessor }',
    column,
    '(e) => e.name',
  );
  return { type, read };
}

/** Longest text in a key or an id, in UTF-8 bytes: a Postgres index row holds 2,704. */
export const MAX_TEXT_BYTES = 1_000;

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

/** A finite number, bigint or decimal text as decimal text; `undefined` for anything else. */
export function decimal(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : undefined;
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'string' || !DECIMAL.test(value)) return undefined;
  return value.startsWith('+') ? value.slice(1) : value;
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
