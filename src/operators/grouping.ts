import { canonical, digitsOf, MAX_KEY_BYTES, MAX_TEXT_BYTES } from '../column.ts';
import type { Micros } from '../event-time.ts';
import { shown, Unfoldable } from '../unfoldable.ts';
import type { WindowTable } from '../window-table.ts';
import type { Span } from '../window.ts';
import { paths } from './paths.ts';

/** Numbers the groups (window, key) of a batch. No key text is built per event. */
export function grouping<T>(table: WindowTable<T>) {
  const columns = Object.entries(table.key);
  const names = columns.map(([name]) => name);
  const readers = columns.map(([, column]) => column.read);
  const windows: Micros[] = [];
  const ends: Micros[] = [];
  const keys = columns.map((): string[] => []);
  const seen = paths();
  const known = paths();
  const path: unknown[] = [];
  let longest = 0;
  return {
    windows,
    ends,
    keys,
    names,
    /** No key takes more bytes than these. */
    get longest() {
      return longest;
    },
    of({ start, end }: Span, event: T): number {
      path[0] = start;
      for (let i = 0; i < readers.length; i++) path[i + 1] = readers[i]?.(event);
      const found = seen.find(path);
      if (found !== undefined) return found;
      // a new spelling: two may be one key (uuid case)
      const key = columns.map(([name, { type }], i) => keyOf(name, type, path[i + 1]));
      let index = known.find([start, ...key]);
      if (index === undefined) {
        longest = Math.max(longest, fitting(names, key));
        index = windows.push(start) - 1;
        ends.push(end);
        for (const [i, column] of keys.entries()) column.push(key[i] as string);
        known.keep([start, ...key], index);
      }
      seen.keep(path, index);
      return index;
    },
  };
}

/** Most bytes of UTF-8 that a text may take, without looking at it. */
export const mostBytes = (text: string): number => text.length * 3;

/**
 * Most bytes that the values of a key take, and of what names an item.
 *
 * @throws Unfoldable for more than an index row holds.
 */
export function fitting(names: readonly string[], values: readonly string[]): number {
  const most = values.reduce((sum, value) => sum + mostBytes(value), 0);
  if (most <= MAX_KEY_BYTES) return most;
  const bytes = values.reduce((sum, value) => sum + Buffer.byteLength(value), 0);
  if (bytes <= MAX_KEY_BYTES) return bytes;
  const key = names.map((name) => `'${name}'`).join(', ');
  throw new Unfoldable(`key ${key}: expected at most ${MAX_KEY_BYTES} bytes in all; got ${bytes}`);
}

/** A value of the key, or of what names an item, in the form of the store. */
export function keyOf(name: string, type: Parameters<typeof canonical>[0], value: unknown): string {
  const key = canonical(type, value);
  if (typeof key !== 'string') {
    const digits = type === 'numeric' ? digitsOf(value) : '';
    throw new Unfoldable(`key '${name}': expected a ${type}${digits}; got ${digits ? shown(value) : String(value)}`);
  }
  if (key.length * 3 > MAX_TEXT_BYTES && Buffer.byteLength(key) > MAX_TEXT_BYTES) {
    throw new Unfoldable(`key '${name}': expected at most ${MAX_TEXT_BYTES} bytes; got ${Buffer.byteLength(key)}`);
  }
  return key;
}
