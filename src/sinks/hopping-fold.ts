import type { Micros } from '../event-time.ts';
import type { ItemRow } from '../measure.ts';
import { type Stored, storedOf } from '../stored.ts';
import { identityOf, type WindowRow } from './accumulate.ts';
import { combine, empty } from './combine.ts';
import type { HoppingTable } from './hopping-table.ts';
import { type TableFold, tableFold } from './table-fold.ts';

/**
 * A table of hopping windows in memory, as it is read: panes are kept once, and what a window holds is merged from its panes when it is asked for. What
 * touches a pane touches every window that holds it, so a window's revision counts the merges into all of its panes, as in Postgres.
 */
export function hoppingFold(table: HoppingTable): TableFold {
  const { longest: size, stored: hop } = table.window;
  const [stored, ...items] = storedOf(table) as [Stored, ...Stored[]];
  const panes = tableFold(table);
  const windows = new Map<string, WindowRow>();

  /** How much later than a window its panes begin; and as far apart the windows of a pane. */
  const distances = Array.from({ length: size / hop }, (_, i) => i * hop);

  const panesOf = (start: Micros, key: readonly string[]): WindowRow[] =>
    distances.flatMap((distance) => panes.get(0, identityOf(start + distance, key)) ?? []);

  function windowAt(start: Micros, key: readonly string[]): WindowRow {
    const identity = identityOf(start, key);
    let row = windows.get(identity);
    if (!row) {
      row = {
        window: start,
        end: start + size,
        key,
        get parts() {
          return merged(stored, panesOf(start, key));
        },
      };
      windows.set(identity, row);
    }
    return row;
  }

  return {
    merge(fold, counts) {
      const { began, touched } = panes.merge(fold, counts);
      const windowsOf = ({ window, key }: WindowRow) =>
        distances.map((distance) => windowAt(window - (size - hop) + distance, key));
      return { began, touched: touched.flatMap(windowsOf) };
    },
    rows: (relation) => (relation === 0 ? windows.values() : panes.rows(relation)),
    get: panes.get,
    items(window, measure) {
      const relation = items.find((each) => each.measure === measure);
      if (!relation) return [];
      return mergedItems(
        relation,
        panesOf(window.window, window.key).flatMap((pane) => panes.items(pane, measure)),
      );
    },
  };
}

function merged({ parts }: Stored, panes: readonly WindowRow[]): (string | null)[] {
  return parts.map((part, p) => panes.reduce((all, pane) => combine(part, all, pane.parts[p] ?? null), empty(part)));
}

/** Each item once, with what its panes have of it. */
function mergedItems({ key, keyed, parts }: Stored, rows: readonly ItemRow[]): ItemRow[] {
  const names = key.slice(keyed).map(({ name }) => name);
  const all = new Map<string, Record<string, string | null>>();
  for (const row of rows) {
    const identity = JSON.stringify(names.map((name) => row[name]));
    const known = all.get(identity);
    if (!known) all.set(identity, { ...row });
    else
      for (const part of parts)
        known[part.column] = combine(part, known[part.column] ?? null, row[part.column] ?? null);
  }
  return [...all.values()];
}
