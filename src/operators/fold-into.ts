import { map, type OperatorFunction } from 'rxjs';
import type { Fresh } from '../batch.ts';
import { declared, isRecord } from '../declared.ts';
import type { Reject } from '../reject.ts';
import type { Fold } from '../store.ts';
import type { AnyEvent } from '../event-table.ts';
import { Unfoldable } from '../unfoldable.ts';
import type { WindowTable } from '../window-table.ts';
import { type Contributed, contributionOf, textOf } from './contribution.ts';
import { grouping } from './grouping.ts';
import { itemCells } from './item-cells.ts';
import { refuse } from './refuse.ts';

/**
 * Describes what each event contributes to its window of `table`. It touches no database: the store folds, and only the events it finds new.
 *
 * Delivery: an event whose key or contribution is unfit (null key, not a finite number, a callback that throws) becomes a reject as a whole: it is
 * counted nowhere.
 *
 * @example
 * transaction(store, { once: shopEvents }, (fresh$) => fresh$.pipe(foldInto(trade)))
 */
export function foldInto<T>(table: WindowTable<T>): OperatorFunction<Fresh<T>, Fold> {
  declared(isRecord(table) && table.kind === 'windows', 'foldInto', 'a window table', table, 'foldInto(trade)');
  const stage = `foldInto(${table.name})`;
  const measures = Object.entries(table.measures);
  const inputs = measures.flatMap(([name, measure]) =>
    measure.inputs.map(({ type, read }) => ({ name, read, form: type === 'text' ? textOf : contributionOf })),
  );
  const itemized = measures.flatMap(([name, { items }]) => (items ? [{ name, items }] : []));
  return map((batch) => {
    const groups = grouping(table);
    const items = itemized.map(({ items: each }) => itemCells(each, groups));
    const event: number[] = [];
    const group: number[] = [];
    const contributions = inputs.map((): Contributed[] => []);
    const rejects = new Map<number, Reject>();
    const row: Contributed[] = [];
    for (const entry of batch.entries) {
      let input = 0;
      let item = 0;
      try {
        for (; input < inputs.length; input++) {
          const { read, form } = inputs[input] as (typeof inputs)[number];
          row[input] = form(read(entry.value, entry));
        }
        for (; item < items.length; item++) items[item]?.read(entry.value, entry);
        const index = groups.of(table.window.of(entry.time, entry.value), entry.value);
        for (const each of items) each.fit(index);
        event.push(entry.position);
        group.push(index);
        for (let i = 0; i < row.length; i++) contributions[i]?.push(row[i] as Contributed);
        for (const each of items) each.keep(entry.position, index);
      } catch (error) {
        const measure = inputs[input]?.name ?? itemized[item]?.name;
        const isUnfoldable = error instanceof Unfoldable;
        const cause = isUnfoldable && measure !== undefined ? `measure '${measure}': ${error.message}` : error;
        rejects.set(entry.position, refuse(entry, stage, isUnfoldable ? 'unfoldable' : 'callback', cause));
      }
    }
    for (const reject of batch.rejects) rejects.set(reject.position, reject);
    return {
      table: table as WindowTable<AnyEvent>,
      event,
      group,
      values: contributions,
      windows: groups.windows,
      ends: groups.ends,
      keys: groups.keys,
      items: items.map(({ cells }) => cells),
      rejects,
    };
  });
}
