import type { ColumnType } from '../column.ts';
import type { Contribution, Emit, Items, Occurrence } from '../measure.ts';
import type { Cells } from '../store.ts';
import { contributionOf, type Contributed } from './contribution.ts';
import type { grouping } from './grouping.ts';
import { keyOf } from './grouping.ts';
import { paths } from './paths.ts';

/** The items of one measure in a batch. */
export interface ItemCells<T> {
  /** Reads the items of an event, without keeping them yet: it may still turn out to be unfit. */
  readonly read: (event: T, occurrence: Occurrence) => void;
  /** Keeps what was read last, for the event of that position, in that group of the windows. */
  readonly keep: (position: number, window: number) => void;
  readonly cells: Cells;
}

interface Read {
  readonly item: readonly string[];
  readonly value: Contributed;
}

/** Collects what events contribute to the items of measure `name`; `groups` are the windows they belong to. */
export function itemCells<T>(name: string, items: Items<T>, groups: ReturnType<typeof grouping<T>>): ItemCells<T> {
  const columns = Object.entries(items.columns) as [string, ColumnType][];
  const takes = items.parts.some((part) => part.of !== 'events');
  const event: number[] = [];
  const group: number[] = [];
  const values: Contributed[] = [];
  const windows: number[] = [];
  const ends: number[] = [];
  const names = columns.map((): string[] => []);
  const parents: number[] = [];
  const known = paths();
  const read: Read[] = [];

  const emit: Emit = (item, value?: Contribution) => {
    const named = columns.map(([column, type], i) => keyOf(`${name} ${column}`, type, item[i]));
    read.push({ item: named, value: takes ? contributionOf(name, value) : null });
  };

  function numberOf(window: number, item: readonly string[]): number {
    const path = [window, ...item];
    const found = known.find(path);
    if (found !== undefined) return found;
    const index = windows.push(groups.windows[window] as number) - 1;
    ends.push(groups.ends[window] as number);
    parents.push(window);
    for (const [i, column] of names.entries()) column.push(item[i] as string);
    known.keep(path, index);
    return index;
  }

  return {
    read(value, occurrence) {
      read.length = 0;
      items.each(value, occurrence, emit);
    },
    keep(position, window) {
      for (const { item, value } of read) {
        event.push(position);
        group.push(numberOf(window, item));
        if (takes) values.push(value);
      }
    },
    get cells() {
      const key = groups.keys.map((column) => parents.map((window) => column[window] as string));
      return { event, group, values: takes ? [values] : [], windows, ends, keys: [...key, ...names] };
    },
  };
}
