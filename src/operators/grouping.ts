import { canonical, MAX_TEXT_BYTES } from '../column.ts';
import type { Micros } from '../event-time.ts';
import type { WindowTable } from '../window-table.ts';

/** A key or a contribution that does not fit its column. */
export class Unfoldable extends Error {}

type Level = Map<unknown, Level | number>;

/** Numbers the groups (window, key) of a batch. Nested maps: no key text is built per event. */
export function grouping<T>(table: WindowTable<T>) {
  const columns = Object.entries(table.key);
  const readers = columns.map(([, column]) => column.read);
  const windows: Micros[] = [];
  const keys = columns.map((): string[] => []);
  const seen: Level = new Map();
  const known: Level = new Map();

  const find = (root: Level, path: readonly unknown[]): number | undefined => {
    let level: Level | number | undefined = root;
    for (const step of path) {
      level = (level as Level).get(step);
      if (level === undefined) return undefined;
    }
    return level as number;
  };
  const keep = (root: Level, path: readonly unknown[], index: number): void => {
    let level = root;
    for (const step of path.slice(0, -1)) {
      let next = level.get(step) as Level | undefined;
      if (!next) level.set(step, (next = new Map()));
      level = next;
    }
    level.set(path.at(-1), index);
  };

  const path: unknown[] = [];
  return {
    windows,
    keys,
    of(window: Micros, event: T): number {
      path[0] = window;
      for (let i = 0; i < readers.length; i++) path[i + 1] = readers[i]?.(event);
      const found = find(seen, path);
      if (found !== undefined) return found;
      // a new spelling: two may be one key (uuid case)
      const key = columns.map(([name, { type }], i) => keyOf(name, type, path[i + 1]));
      let index = find(known, [window, ...key]);
      if (index === undefined) {
        index = windows.push(window) - 1;
        for (const [i, column] of keys.entries()) column.push(key[i] as string);
        keep(known, [window, ...key], index);
      }
      keep(seen, path, index);
      return index;
    },
  };
}

function keyOf(name: string, type: Parameters<typeof canonical>[0], value: unknown): string {
  const key = canonical(type, value);
  if (typeof key !== 'string') throw new Unfoldable(`key '${name}': expected a ${type}; got ${String(value)}`);
  if (key.length * 3 > MAX_TEXT_BYTES && Buffer.byteLength(key) > MAX_TEXT_BYTES) {
    throw new Unfoldable(`key '${name}': expected at most ${MAX_TEXT_BYTES} bytes; got ${Buffer.byteLength(key)}`);
  }
  return key;
}
