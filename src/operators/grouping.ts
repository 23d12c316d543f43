import { canonical, MAX_TEXT_BYTES } from '../column.ts';
import type { Micros } from '../event-time.ts';
import { Unfoldable } from '../unfoldable.ts';
import type { WindowTable } from '../window-table.ts';
import type { Span } from '../window.ts';
import { paths } from './paths.ts';

/** Numbers the groups (window, key) of a batch. No key text is built per event. */
export function grouping<T>(table: WindowTable<T>) {
  const columns = Object.entries(table.key);
  const readers = columns.map(([, column]) => column.read);
  const windows: Micros[] = [];
  const ends: Micros[] = [];
  const keys = columns.map((): string[] => []);
  const seen = paths();
  const known = paths();
  const path: unknown[] = [];
  return {
    windows,
    ends,
    keys,
    of({ start, end }: Span, event: T): number {
      path[0] = start;
      for (let i = 0; i < readers.length; i++) path[i + 1] = readers[i]?.(event);
      const found = seen.find(path);
      if (found !== undefined) return found;
      // a new spelling: two may be one key (uuid case)
      const key = columns.map(([name, { type }], i) => keyOf(name, type, path[i + 1]));
      let index = known.find([start, ...key]);
      if (index === undefined) {
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

/** A value of the key, or of what names an item, in the form of the store. */
export function keyOf(name: string, type: Parameters<typeof canonical>[0], value: unknown): string {
  const key = canonical(type, value);
  if (typeof key !== 'string') throw new Unfoldable(`key '${name}': expected a ${type}; got ${String(value)}`);
  if (key.length * 3 > MAX_TEXT_BYTES && Buffer.byteLength(key) > MAX_TEXT_BYTES) {
    throw new Unfoldable(`key '${name}': expected at most ${MAX_TEXT_BYTES} bytes; got ${Buffer.byteLength(key)}`);
  }
  return key;
}
