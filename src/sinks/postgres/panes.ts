import { readingsOf, type Stored, storedOf } from '../../stored.ts';
import type { HoppingTable } from '../hopping-table.ts';
import { interval } from './instant.ts';
import { totalPart } from './part-sql.ts';
import { quoteName } from './quote.ts';
import { itemReading, partReading } from './readings.ts';

/**
 * Hopping windows in Postgres. Rows are panes, one hop long; a window `[start, start + size)` of a key is all its panes that begin in it, merged when it
 * is read. A pane knows which of its windows are final: those that end at `final_until` or before; and which of these changed since: up to `revised_until`.
 *
 * Windows are closed in the order of their ends, so the next end of a pane is a hop after `final_until`, and the first one a hop after its own start.
 */

/** Up to where the windows of a pane are closed, as the index of those that are not has it. */
export const CLOSED_UNTIL = 'coalesce(final_until, pane_start)';

/** What a pane knows of its windows. */
export const PANE_LABELS = ['final_until timestamptz', 'revised_until timestamptz'];

/** Whether a window of a pane is still to be closed. Immutable, so that an index may have it: a time plus an interval is not, the difference of two times is. */
export const isOpen = ({ window }: HoppingTable): string =>
  `(final_until is null or final_until - pane_start < ${interval(window.longest)})`;

export const keyOf = (table: HoppingTable): string[] => Object.keys(table.key).map(quoteName);

/** Makes the panes with a window that is still to be closed be found by its end. Nothing of it is changed by a merge: that remains a HOT update. */
export const paneIndex = (table: HoppingTable): string =>
  `create index if not exists ${quoteName(`${table.name}$due`)} on ${quoteName(table.name)} (${[CLOSED_UNTIL, ...keyOf(table)].join(', ')}) where ${isOpen(table)};`;

/** The starts of the panes of the window that begins at `start`, each looked up by the primary key: with a key after it, a range of starts would read all keys. */
export const startsOf = ({ window }: HoppingTable, start: string): string =>
  `array(select generate_series(${start}, ${start} + ${interval(window.longest - window.stored)}, ${interval(window.stored)}))`;

/** Everything that is stored, merged over several panes. */
export const totalsOf = (table: HoppingTable): string[] =>
  (storedOf(table)[0]?.parts ?? []).map(
    (part) => `${totalPart(part, quoteName(part.column))} as ${quoteName(part.column)}`,
  );

/** What is computed of that, each as a column. */
export const paneReadings = (table: HoppingTable): string[] =>
  readingsOf(table)
    .filter(({ ofItems }) => !ofItems)
    .map((reading) => `(${partReading(reading)})::${reading.type} as ${quoteName(reading.column)}`);

/**
 * For each measure with items, a lateral join that reads those of all panes of the windows of relation `w`, after each item is merged. `starts` are the panes:
 * where a revision is announced, those that were counted in it.
 */
export function paneItemJoins(table: HoppingTable, w: string, starts = startsOf(table, `${w}.window_start`)): string[] {
  const readings = readingsOf(table);
  return storedOf(table)
    .slice(1)
    .map((stored, i) => {
      const own = readings.filter(({ measure }) => measure === stored.measure);
      const selected = own.map((reading) => `${itemReading(reading)} as ${quoteName(reading.column)}`);
      return `cross join lateral (select ${selected.join(', ')} from (${mergedItems(table, stored, w, starts)}) as "$merged") as "$items_${i + 1}"`;
    });
}

function mergedItems(table: HoppingTable, { name, key, keyed, parts }: Stored, w: string, starts: string): string {
  const items = key.slice(keyed).map((column) => quoteName(column.name));
  const totals = parts.map((part) => `${totalPart(part, quoteName(part.column))} as ${quoteName(part.column)}`);
  const same = keyOf(table).map((column) => `${quoteName(name)}.${column} = ${w}.${column}`);
  return `select ${[...items, ...totals].join(', ')} from ${quoteName(name)}
    where ${[`pane_start = any (${starts})`, ...same].join(' and ')} group by ${items.join(', ')}`;
}
