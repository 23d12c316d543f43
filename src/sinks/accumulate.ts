import type { Micros } from '../event-time.ts';
import type { Cells } from '../store.ts';
import type { Stored } from '../stored.ts';
import { combine, contributes, empty } from './combine.ts';

/** One row of a relation, as its stored columns: integers and decimals as plain text, `null` where nothing contributed. */
export interface WindowRow {
  readonly window: Micros;
  readonly end: Micros;
  readonly key: readonly string[];
  readonly parts: (string | null)[];
}

/** A relation in memory: the reference for what the store's SQL does. Sums are exact decimals. */
export interface Accumulator {
  /** Merges the contributions of the events for which `counts` is true; returns the rows that began, and all that it touched. */
  merge(
    cells: Cells,
    counts: (event: number) => boolean,
  ): { readonly began: readonly WindowRow[]; readonly touched: readonly WindowRow[] };
  rows(): IterableIterator<WindowRow>;
  get(identity: string): WindowRow | undefined;
}

/** Names a row: its window and key. */
export const identityOf = (window: Micros, key: readonly string[]): string => JSON.stringify([window, ...key]);

/** Starts with no rows. */
export function accumulate({ parts }: Stored): Accumulator {
  const rows = new Map<string, WindowRow>();
  return {
    merge(cells, counts) {
      const began: WindowRow[] = [];
      const touched = new Map<number, WindowRow>();
      for (const [i, event] of cells.event.entries()) {
        if (!counts(event)) continue;
        const group = cells.group[i] as number;
        let row = touched.get(group);
        if (!row) touched.set(group, (row = rowOf(cells, group, began)));
        for (const [p, part] of parts.entries()) {
          const value = contributes(part, cells.values[part.input]?.[i] ?? null);
          row.parts[p] = combine(part, row.parts[p] ?? null, value);
        }
      }
      return { began, touched: [...touched.values()] };
    },
    rows: () => rows.values(),
    get: (identity) => rows.get(identity),
  };

  function rowOf(cells: Cells, group: number, began: WindowRow[]): WindowRow {
    const window = cells.windows[group] as number;
    const key = cells.keys.map((column) => column[group] as string);
    const identity = identityOf(window, key);
    let row = rows.get(identity);
    if (!row) {
      row = { window, end: cells.ends[group] as number, key, parts: parts.map(empty) };
      rows.set(identity, row);
      began.push(row);
    }
    return row;
  }
}
