import type { AnyEvent } from './event-table.ts';
import type { ColumnType } from './column.ts';
import type { Part, Reading } from './measure.ts';
import type { WindowTable } from './window-table.ts';

/** A {@link Part} as a column of its own, and the number of the input that it takes. */
export interface StoredPart extends Part {
  readonly column: string;
  readonly input: number;
}

/** One relation of a window table: the windows themselves, or the items of one measure. A row is known by its window and key. */
export interface Stored {
  readonly name: string;
  /** The column of the start: of a hopping window a row is a pane. */
  readonly start: 'window_start' | 'pane_start';
  /** The measure whose items these are; `undefined`: the windows. */
  readonly measure: string | undefined;
  /** Beside the start of the window: the key of the window, then what names the item. */
  readonly key: readonly { readonly name: string; readonly type: ColumnType }[];
  /** How many of them are the window's. */
  readonly keyed: number;
  /** What is folded, in the order in which folds bring it. */
  readonly inputs: readonly ('numeric' | 'text')[];
  readonly parts: readonly StoredPart[];
}

const known = new WeakMap<WindowTable<AnyEvent>, readonly Stored[]>();

/** What is stored of a window table: the windows, then a relation for each measure that has items, in the order of declaration. */
export function storedOf(table: WindowTable<AnyEvent>): readonly Stored[] {
  let stored = known.get(table);
  if (!stored) known.set(table, (stored = [windowsOf(table), ...itemsOf(table)]));
  return stored;
}

const startOf = ({ window }: WindowTable<AnyEvent>) => (window.kind === 'hopping' ? 'pane_start' : 'window_start');

const keyOf = (table: WindowTable<AnyEvent>): Stored['key'] =>
  Object.entries(table.key).map(([name, { type }]) => ({ name, type }));

function windowsOf(table: WindowTable<AnyEvent>): Stored {
  const key = keyOf(table);
  const inputs: ('numeric' | 'text')[] = [];
  const parts = Object.entries(table.measures).flatMap(([name, measure]) => {
    const first = inputs.push(...measure.inputs.map(({ type }) => type)) - measure.inputs.length;
    return measure.parts.map((part) => ({ ...part, column: name + part.suffix, input: first + (part.input ?? 0) }));
  });
  return { name: table.name, start: startOf(table), measure: undefined, key, keyed: key.length, inputs, parts };
}

function itemsOf(table: WindowTable<AnyEvent>): Stored[] {
  const key = keyOf(table);
  return Object.entries(table.measures).flatMap(([measure, { items }]) => {
    if (!items) return [];
    return [
      {
        name: itemTable(table.name, measure),
        start: startOf(table),
        measure,
        key: [...key, ...Object.entries(items.columns).map(([name, type]) => ({ name, type }))],
        keyed: key.length,
        inputs: items.parts.some((part) => part.of !== 'events') ? (['numeric'] as const) : [],
        parts: items.parts.map((part) => ({ ...part, column: part.suffix, input: 0 })),
      },
    ];
  });
}

/** The relation of a measure's items. */
export const itemTable = (table: string, measure: string): string => `${table}_${measure}`;

/** A column that is computed, and what of: the parts of its row, or the items of its measure. */
export interface StoredReading extends Reading {
  readonly column: string;
  readonly measure: string;
  readonly ofItems: boolean;
}

/** What is computed of a window table, in the order of declaration. */
export const readingsOf = (table: WindowTable<AnyEvent>): StoredReading[] =>
  Object.entries(table.measures).flatMap(([measure, { readings, items }]) =>
    readings.map((reading) => ({
      ...reading,
      column: measure + reading.suffix,
      measure,
      ofItems: items !== undefined,
    })),
  );
