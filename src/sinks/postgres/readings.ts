import type { AnyEvent } from '../../event-table.ts';
import { readingsOf, type Stored, type StoredReading, storedOf } from '../../stored.ts';
import type { WindowTable } from '../../window-table.ts';
import { quoteName } from './quote.ts';

/** The expression of a reading over the parts of one row. */
export const partReading = ({ measure, sql }: StoredReading): string => sql((suffix) => quoteName(measure + suffix));

/** The expression of a reading over the rows of its items, an aggregate. */
export const itemReading = ({ sql }: StoredReading): string => sql((column) => quoteName(column));

/** For each measure with items, a lateral join that reads them for the windows of relation `w`. */
export function itemJoins(table: WindowTable<AnyEvent>, w: string): string[] {
  const readings = readingsOf(table);
  return storedOf(table)
    .slice(1)
    .map((stored, i) => {
      const own = readings.filter(({ measure }) => measure === stored.measure);
      const selected = own.map((reading) => `${itemReading(reading)} as ${quoteName(reading.column)}`);
      return `cross join lateral (select ${selected.join(', ')} from ${quoteName(stored.name)} where ${sameWindow(stored, w)}) as "$items_${i + 1}"`;
    });
}

function sameWindow({ name, start, key, keyed }: Stored, w: string): string {
  const columns = [start, ...key.slice(0, keyed).map((column) => quoteName(column.name))];
  return columns.map((column) => `${quoteName(name)}.${column} = ${w}.${column}`).join(' and ');
}

/** The columns of a window table's measures, in the order of declaration: what is stored, and what is computed of it. */
export function measureColumns(
  table: WindowTable<AnyEvent>,
): { readonly column: string; readonly measure: string; readonly type: string; readonly ofItems: boolean }[] {
  const readings = readingsOf(table);
  return Object.entries(table.measures).flatMap(([name, measure]) => [
    ...measure.parts.map((part) => ({ column: name + part.suffix, measure: name, type: part.type, ofItems: false })),
    ...readings
      .filter((reading) => reading.measure === name)
      .map(({ column, type, ofItems }) => ({ column, measure: name, type, ofItems })),
  ]);
}
