import { Big } from 'big.js';
import type { Micros } from '../event-time.ts';
import type { Fold } from '../store.ts';
import type { AnyEvent } from '../event-table.ts';
import type { WindowTable } from '../window-table.ts';

/** One window row, as its stored columns: integers and decimals as plain text, `null` where nothing contributed. */
export interface WindowRow {
  readonly window: Micros;
  readonly key: readonly string[];
  readonly parts: (string | null)[];
}

/** A window table in memory: the reference for what the store's SQL does. Sums are exact decimals. */
export interface Accumulator {
  /** Merges the contributions of the events for which `counts` is true; returns how many rows began, and those it touched. */
  merge(
    fold: Fold,
    counts: (event: number) => boolean,
  ): { readonly began: number; readonly touched: readonly WindowRow[] };
  rows(): IterableIterator<WindowRow>;
  get(identity: string): WindowRow | undefined;
}

/** Names a row: its window and key. */
export const identityOf = (window: Micros, key: readonly string[]): string => JSON.stringify([window, ...key]);

/** The stored columns of a window table's measures, in order. */
export function partsOf(table: WindowTable<AnyEvent>) {
  let input = 0;
  return Object.entries(table.measures).flatMap(([name, measure]) => {
    const of = measure.value ? input++ : -1;
    return measure.parts.map((part) => ({ ...part, column: name + part.suffix, input: of }));
  });
}

/** Starts with no windows. */
export function accumulate(table: WindowTable<AnyEvent>): Accumulator {
  const parts = partsOf(table);
  const rows = new Map<string, WindowRow>();
  return {
    merge(fold, counts) {
      const before = rows.size;
      const touched = new Map<number, WindowRow>();
      for (const [i, event] of fold.event.entries()) {
        if (!counts(event)) continue;
        const group = fold.group[i] as number;
        let row = touched.get(group);
        if (!row) touched.set(group, (row = rowOf(fold, group)));
        for (const [p, part] of parts.entries()) {
          const value = part.of === 'events' ? 1 : fold.values[part.input]?.[i];
          if (value !== null && value !== undefined)
            row.parts[p] = combine(part.combine, row.parts[p] ?? null, part.of === 'values' ? 1 : value);
        }
      }
      return { began: rows.size - before, touched: [...touched.values()] };
    },
    rows: () => rows.values(),
    get: (identity) => rows.get(identity),
  };

  function rowOf(fold: Fold, group: number): WindowRow {
    const window = fold.windows[group] as number;
    const key = fold.keys.map((column) => column[group] as string);
    const identity = identityOf(window, key);
    let row = rows.get(identity);
    if (!row) {
      row = { window, key, parts: parts.map((part) => (part.combine === 'sum' ? '0' : null)) };
      rows.set(identity, row);
    }
    return row;
  }
}

function combine(how: 'sum' | 'min' | 'max', stored: string | null, value: number | string): string {
  if (stored === null) return new Big(value).toFixed();
  if (how === 'sum') return plus(stored, value);
  const [a, b] = [new Big(stored), new Big(value)];
  return (how === 'min' ? a.lt(b) : a.gt(b)) ? stored : b.toFixed();
}

const WHOLE = /^-?\d{1,15}$/;

/** Small whole numbers are the common case, and exact as they are. */
function plus(stored: string, value: number | string): string {
  const whole = typeof value === 'number' ? Number.isSafeInteger(value) : WHOLE.test(value);
  const total = Number(stored) + Number(value);
  return whole && WHOLE.test(stored) && Number.isSafeInteger(total)
    ? String(total)
    : new Big(stored).plus(value).toFixed();
}
