import type { AnyEvent } from '../event-table.ts';
import type { ItemRow } from '../measure.ts';
import type { Fold } from '../store.ts';
import { type Stored, storedOf } from '../stored.ts';
import type { WindowTable } from '../window-table.ts';
import { accumulate, identityOf, type WindowRow } from './accumulate.ts';
import type { ItemsOf } from './final-window.ts';
import { itemRow } from './item-row.ts';
import { sessionFold } from './session-fold.ts';

/** What a fold did to the windows of a table. */
export interface Merged {
  readonly began: readonly WindowRow[];
  readonly touched: readonly WindowRow[];
  /** Sessions that others took in, as they were before. */
  readonly gone?: readonly Gone[];
}

export interface Gone {
  readonly row: WindowRow;
  readonly items: ItemsOf;
}

/** A window table in memory, all that is stored of it: the reference for what the store's SQL does. */
export interface TableFold {
  /** Merges what the events contribute for which `counts` is true. */
  merge(fold: Fold, counts: (event: number) => boolean): Merged;
  /** The rows of a relation, by its number in {@link storedOf}. */
  rows(relation: number): Iterable<WindowRow>;
  get(relation: number, identity: string): WindowRow | undefined;
  /** The items of a window, as {@link ItemRow}s of a measure. */
  items(window: WindowRow, measure: string): readonly ItemRow[];
}

/** Starts with no rows. */
export function tableFold(table: WindowTable<AnyEvent>): TableFold {
  if (table.window.kind === 'session') return sessionFold(table);
  const relations = storedOf(table).map((stored) => ({ stored, rows: accumulate(stored) }));
  const [windows, ...items] = relations;
  /** By measure, the items of each window. */
  const byWindow = new Map(items.map(({ stored }) => [stored.measure, new Map<string, WindowRow[]>()]));

  function keep({ measure, keyed }: Stored, row: WindowRow): void {
    const known = byWindow.get(measure) as Map<string, WindowRow[]>;
    const window = identityOf(row.window, row.key.slice(0, keyed));
    const rows = known.get(window);
    if (rows) rows.push(row);
    else known.set(window, [row]);
  }

  return {
    merge(fold, counts) {
      for (const [i, { stored, rows }] of items.entries()) {
        const cells = fold.items[i];
        if (cells) for (const row of rows.merge(cells, counts).began) keep(stored, row);
      }
      return windows?.rows.merge(fold, counts) ?? { began: [], touched: [] };
    },
    rows: (relation) => relations[relation]?.rows.rows() ?? [],
    get: (relation, identity) => relations[relation]?.rows.get(identity),
    items(window, measure) {
      const stored = items.find((each) => each.stored.measure === measure)?.stored;
      const rows = byWindow.get(measure)?.get(identityOf(window.window, window.key)) ?? [];
      return stored ? rows.map((row) => itemRow(stored, row)) : [];
    },
  };
}
