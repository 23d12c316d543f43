import { type ColumnType, MAX_KEY_BYTES } from '../column.ts';
import type { Contribution, Emit, Items, Occurrence } from '../measure.ts';
import type { Cells } from '../store.ts';
import { contributionOf, type Contributed } from './contribution.ts';
import type { grouping } from './grouping.ts';
import { fitting, keyOf, mostBytes } from './grouping.ts';
import { paths } from './paths.ts';

/** The items of one measure in a batch. */
export interface ItemCells<T> {
  /** Reads the items of an event, without keeping them yet: it may still turn out to be unfit. */
  readonly read: (event: T, occurrence: Occurrence) => void;
  /**
   * Holds what was read last, in that group of the windows, to names that an index row holds.
   *
   * @throws Unfoldable where they are longer.
   */
  readonly fit: (window: number) => void;
  /** Keeps what was read last, for the event of that position, in that group of the windows. */
  readonly keep: (position: number, window: number) => void;
  readonly cells: Cells;
}

/** Collects what events contribute to the items of a measure; `groups` are the windows they belong to. Nothing is made per event but what is kept. */
export function itemCells<T>(items: Items<T>, groups: ReturnType<typeof grouping<T>>): ItemCells<T> {
  const columns = Object.entries(items.columns).map(([column, type]) => numbered(column, type));
  const width = columns.length;
  const named = [...groups.names, ...Object.keys(items.columns)];
  const takes = items.parts.some((part) => part.of !== 'events');
  const event: number[] = [];
  const group: number[] = [];
  const values: Contributed[] = [];
  const windows: number[] = [];
  const ends: number[] = [];
  const names = columns.map((): string[] => []);
  const parents: number[] = [];
  const known = paths();
  /** What was read last: how many items, the numbers of their names one after the other, and what is contributed to them. */
  let length = 0;
  const read: number[] = [];
  const contributed: Contributed[] = [];
  const path: number[] = [];

  const emit: Emit = (item, value?: Contribution) => {
    for (let i = 0; i < width; i++) read[length * width + i] = columns[i]?.numberOf(item[i]) as number;
    contributed[length] = takes ? contributionOf(value) : null;
    length++;
  };

  /** The number of the group that `path` leads to. */
  function indexOf(window: number): number {
    const found = known.find(path);
    if (found !== undefined) return found;
    const index = windows.push(groups.windows[window] as number) - 1;
    ends.push(groups.ends[window] as number);
    parents.push(window);
    for (const [i, column] of names.entries()) column.push(columns[i]?.values[path[i + 1] as number] as string);
    known.keep(path, index);
    return index;
  }

  return {
    read(value, occurrence) {
      length = 0;
      items.each(value, occurrence, emit);
    },
    fit(window) {
      let longest = groups.longest;
      for (const column of columns) longest += column.longest;
      if (longest <= MAX_KEY_BYTES) return;
      const key = groups.keys.map((column) => column[window] as string);
      for (let n = 0; n < length; n++) {
        const item = columns.map((column, i) => column.values[read[n * width + i] as number] as string);
        fitting(named, [...key, ...item]);
      }
    },
    keep(position, window) {
      path[0] = window;
      for (let n = 0; n < length; n++) {
        for (let i = 0; i < width; i++) path[i + 1] = read[n * width + i] as number;
        event.push(position);
        group.push(indexOf(window));
        if (takes) values.push(contributed[n] as Contributed);
      }
    },
    get cells() {
      const key = groups.keys.map((column) => parents.map((window) => column[window] as string));
      return { event, group, values: takes ? [values] : [], windows, ends, keys: [...key, ...names] };
    },
  };
}

/** Numbers the values of a column: those that are one in the form of the store have one number. */
function numbered(name: string, type: ColumnType) {
  const seen = new Map<unknown, number>();
  const known = new Map<string, number>();
  const values: string[] = [];
  let longest = 0;
  return {
    values,
    /** No value takes more bytes than these. */
    get longest() {
      return longest;
    },
    numberOf(value: unknown): number {
      let number = seen.get(value);
      if (number !== undefined) return number;
      const text = keyOf(name, type, value);
      number = known.get(text);
      if (number === undefined) {
        known.set(text, (number = values.push(text) - 1));
        longest = Math.max(longest, mostBytes(text));
      }
      seen.set(value, number);
      return number;
    },
  };
}
