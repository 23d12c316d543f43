import type { Micros } from '../event-time.ts';
import type { ItemRow } from '../measure.ts';
import { type Stored, storedOf } from '../stored.ts';
import { identityOf, type WindowRow } from './accumulate.ts';
import { combine, empty } from './combine.ts';
import type { HoppingTable } from './hopping-table.ts';
import { type TableFold, tableFold } from './table-fold.ts';

/**
 * A table of hopping windows in memory, as it is read: panes are kept once, and each window is merged from its panes when it is asked for. What touches a
 * pane touches every window that holds it, so a window's revision counts the merges into all of its panes, as in Postgres.
 */
export function hoppingFold(table: HoppingTable): TableFold {
  const { longest: size, stored: hop } = table.window;
  const [windows, ...items] = storedOf(table) as [Stored, ...Stored[]];
  const panes = tableFold(table);

  /** Starts of the panes of a window, and by the same distances back those of the windows of a pane. */
  const distances = Array.from({ length: size / hop }, (_, i) => i * hop);

  const panesOf = (start: Micros, key: readonly string[]): WindowRow[] =>
    distances.flatMap((distance) => panes.get(0, identityOf(start + distance, key)) ?? []);

  function windowAt(start: Micros, key: readonly string[]): WindowRow {
    const parts = windows.parts.map(empty);
    for (const pane of panesOf(start, key))
      for (const [p, part] of windows.parts.entries())
        parts[p] = combine(part, parts[p] ?? null, pane.parts[p] ?? null);
    return { window: start, end: start + size, key, parts };
  }

  const windowsOf = (pane: WindowRow): WindowRow[] =>
    distances.map((distance) => windowAt(pane.window - distance, pane.key));

  function* allWindows(): Iterable<WindowRow> {
    const seen = new Set<string>();
    for (const pane of panes.rows(0)) {
      for (const distance of distances) {
        const start = pane.window - distance;
        const identity = identityOf(start, pane.key);
        if (!seen.has(identity)) yield windowAt(start, pane.key);
        seen.add(identity);
      }
    }
  }

  return {
    merge(fold, counts) {
      const { began, touched } = panes.merge(fold, counts);
      return { began, touched: touched.flatMap(windowsOf) };
    },
    rows: (relation) => (relation === 0 ? allWindows() : panes.rows(relation)),
    get: panes.get,
    items(window, measure) {
      const stored = items.find((each) => each.measure === measure);
      if (!stored) return [];
      return mergedItems(
        stored,
        panesOf(window.window, window.key).flatMap((pane) => panes.items(pane, measure)),
      );
    },
  };
}

/** Each item once, with what its panes have of it. */
function mergedItems({ key, keyed, parts }: Stored, rows: readonly ItemRow[]): ItemRow[] {
  const names = key.slice(keyed).map(({ name }) => name);
  const merged = new Map<string, Record<string, string | null>>();
  for (const row of rows) {
    const identity = JSON.stringify(names.map((name) => row[name]));
    const known = merged.get(identity);
    if (!known) merged.set(identity, { ...row });
    else
      for (const part of parts)
        known[part.column] = combine(part, known[part.column] ?? null, row[part.column] ?? null);
  }
  return [...merged.values()];
}
