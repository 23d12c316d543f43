import { inspect } from 'node:util';
import { map, type OperatorFunction } from 'rxjs';
import type { Fresh } from '../batch.ts';
import { declared, isRecord } from '../declared.ts';
import { decimal } from '../column.ts';
import type { Reject } from '../reject.ts';
import type { Fold } from '../store.ts';
import type { AnyEvent } from '../event-table.ts';
import type { WindowTable } from '../window-table.ts';
import { grouping, Unfoldable } from './grouping.ts';
import { refuse } from './refuse.ts';

type Contributed = number | string | null;

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
  const values = Object.entries(table.measures).flatMap(([name, { value }]) => (value ? [{ name, value }] : []));
  return map((batch) => {
    const groups = grouping(table);
    const event: number[] = [];
    const group: number[] = [];
    const contributions = values.map((): Contributed[] => []);
    const rejects = new Map<number, Reject>();
    const row: Contributed[] = [];
    for (const entry of batch.entries) {
      try {
        for (let i = 0; i < values.length; i++) {
          const { name, value } = values[i] as (typeof values)[number];
          row[i] = contributionOf(name, value(entry.value));
        }
        const index = groups.of(table.window.start(entry.time), entry.value);
        event.push(entry.position);
        group.push(index);
        for (let i = 0; i < row.length; i++) contributions[i]?.push(row[i] as Contributed);
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
      keys: groups.keys,
      rejects,
    };
  });
}

function contributionOf(name: string, value: unknown): Contributed {
  if (typeof value === 'number' && Number.isFinite(value)) return value + 0; // no -0
  if (value === null || value === undefined) return null;
  const text = decimal(value);
  if (text === undefined)
    throw new Unfoldable(
      `measure '${name}': expected a finite number, a bigint or decimal text; got ${inspect(value)}`,
    );
  return text;
}
