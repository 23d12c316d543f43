import type { AnyEvent } from '../event-table.ts';
import type { FinalWindow } from '../final-window.ts';
import type { Micros } from '../event-time.ts';
import { startOf, windowFold } from '../operators/window-fold.ts';
import type { Fold } from '../store.ts';
import type { WindowTable } from '../window-table.ts';
import { identityOf, type WindowRow } from './accumulate.ts';
import { type Gone, type Merged, type TableFold, tableFold } from './table-fold.ts';

/** A table of windows over windows, in memory. */
export interface OverFold extends Pick<TableFold, 'rows' | 'get' | 'items'> {
  /** Takes final windows, each in place of what it was. */
  take(windows: readonly FinalWindow[]): Required<Merged>;
  /** Where the windows begin that an accessor refused: in Postgres they stay in the outbox. */
  pending(): readonly Micros[];
}

interface Taken {
  readonly revision: number;
  readonly fold: Fold;
}

/** Starts with nothing taken. Its rows are made anew of all that is taken, whenever something is. */
export function overFold(table: WindowTable<AnyEvent>): OverFold {
  const taken = new Map<string, Taken>();
  const refused = new Map<string, Micros>();
  let rows = tableFold(table);

  const everything = (of: TableFold, row: WindowRow): string =>
    JSON.stringify([row.parts, Object.keys(table.measures).map((measure) => of.items(row, measure))]);

  function remade(): Required<Merged> {
    const before = rows;
    rows = tableFold(table);
    for (const { fold } of taken.values()) rows.merge(fold, () => true);
    const began: WindowRow[] = [];
    const touched: WindowRow[] = [];
    for (const row of rows.rows(0)) {
      const old = before.get(0, identityOf(row.window, row.key));
      if (!old) began.push(row);
      if (!old || everything(before, old) !== everything(rows, row)) touched.push(row);
    }
    const gone = [...before.rows(0)]
      .filter((row) => !rows.get(0, identityOf(row.window, row.key)))
      .map((row): Gone => ({ row, items: (measure) => before.items(row, measure) }));
    return { began, touched, gone };
  }

  return {
    take(windows) {
      for (const window of windows) {
        const { start, key, revision } = window;
        const source = JSON.stringify([start, ...Object.values(key)]);
        if ((taken.get(source)?.revision ?? 0) >= revision) continue;
        const fold = windowFold(table, [window]);
        if (fold.rejects.size > 0) refused.set(source, startOf(window));
        else {
          refused.delete(source);
          taken.set(source, { revision, fold });
        }
      }
      return remade();
    },
    pending: () => [...refused.values()],
    rows: (relation) => rows.rows(relation),
    get: (relation, identity) => rows.get(relation, identity),
    items: (window, measure) => rows.items(window, measure),
  };
}
