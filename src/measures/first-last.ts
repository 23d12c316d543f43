import { inspect } from 'node:util';
import { Big } from 'big.js';
import { asColumn, canonical, type ColumnOf, type ColumnType } from '../column.ts';
import { textHash } from '../content.ts';
import { type Measure, type MeasureOptions, measureOptions, type Occurrence } from '../measure.ts';
import { Unfoldable } from '../unfoldable.ts';

/** Longest value, in UTF-8 bytes: it is written again whenever a window changes. */
const MAX_BYTES = 10_000;

/** Digits of the event time, and those of the hash of the event id: what comes before the value. */
const [TIME_DIGITS, HASH_DIGITS] = [20, 32];
const BEFORE = TIME_DIGITS + HASH_DIGITS;

let hashed = { id: '', hash: '' };

/** Measures of one table ask for the same event one after the other. */
function hashOf(id: string): string {
  if (id !== hashed.id || hashed.hash === '') hashed = { id, hash: textHash(id) };
  return hashed.hash;
}

const extreme =
  (kind: 'first' | 'last') =>
  <T, const U extends string = string>(value: ColumnOf<T>, options: MeasureOptions<U> = {}): Measure<T, U> => {
    const { type, read } = asColumn(value, kind);
    const mark = (event: T, { time, id }: Occurrence): string | null => {
      const text = canonical(type, read(event));
      if (text === null) return null;
      if (text === undefined) throw new Unfoldable(`${kind}: expected a ${type}; got ${inspect(read(event))}`);
      if (text.length * 3 > MAX_BYTES && Buffer.byteLength(text) > MAX_BYTES)
        throw new Unfoldable(`${kind}: expected at most ${MAX_BYTES} bytes; got ${Buffer.byteLength(text)}`);
      return String(time).padStart(TIME_DIGITS, '0') + hashOf(id) + text;
    };
    return {
      ...measureOptions(options, kind),
      kind,
      shape: [type],
      inputs: [{ type: 'text', read: mark }],
      parts: [{ suffix: '_mark', type: 'text', of: 'value', combine: kind === 'first' ? 'min' : 'max' }],
      readings: [
        {
          suffix: '',
          type,
          sql: (column) => `substr(${column('_mark')}, ${BEFORE + 1})${type === 'text' ? '' : `::${type}`}`,
          of: ({ _mark: stored }) => (stored ? printed(type, stored.slice(BEFORE)) : null),
        },
      ],
    };
  };

const printed = (type: ColumnType, text: string): string => (type === 'numeric' ? new Big(text).toFixed() : text);

/**
 * The value of the earliest event, by event time; null contributes nothing. Of events of the same microsecond the one whose id has the smallest hash: always
 * the same one, whatever the order of arrival. A column of the value's type, text unless told otherwise.
 *
 * Stored as `<name>_mark`: 20 digits of microseconds since 1970, 32 of the hash of the event's id, and the value, of which the smallest text is kept. A value of
 * more than 10,000 bytes makes its event a reject.
 *
 * @example
 * first((e) => e.page)
 * first({ numeric: (e) => e.price }, { unit: 'EUR' })
 */
export const first = extreme('first');

/** The value of the latest event, as {@link first} is of the earliest: of one microsecond, the largest hash. */
export const last = extreme('last');
