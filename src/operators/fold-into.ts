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
  return map((batch) => {
    const groups = grouping(table);
    const items = measures.flatMap(([name, measure]) =>
      measure.items ? [itemCells(name, measure.items, groups)] : [],
    );
    const event: number[] = [];
    const group: number[] = [];
    const contributions = inputs.map((): Contributed[] => []);
    const rejects = new Map<number, Reject>();
    const row: Contributed[] = [];
    for (const entry of batch.entries) {
      try {
        for (let i = 0; i < inputs.length; i++) {
          const { name, read, form } = inputs[i] as (typeof inputs)[number];
          row[i] = form(name, read(entry.value, entry));
        }
        for (const each of items) each.read(entry.value, entry);
        const index = groups.of(table.window.of(entry.time, entry.value), entry.value);
        event.push(entry.position);
        group.push(index);
        for (let i = 0; i < row.length; i++) contributions[i]?.push(row[i] as Contributed);
        for (const each of items) each.keep(entry.position, index);
      } catch (error) {
        rejects.set(
          entry.position,
          refuse(entry, stage, error instanceof Unfoldable ? 'unfoldable' : 'callback', error),
        );
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
