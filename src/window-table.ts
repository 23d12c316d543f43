import { asColumn, type Column, type ColumnOf } from './column.ts';
import { declared, isRecord, knownOptions } from './declared.ts';
import { type EventTable, reserved } from './event-table.ts';
import { ConfigError } from './errors.ts';
import { identifier } from './identifier.ts';
import type { Items, Measure } from './measure.ts';
import { itemTable } from './stored.ts';
import type { Window } from './window.ts';

/** Key columns by name: never null, since they are the primary key. */
export type Key<T> = Readonly<Record<string, ColumnOf<T, never>>>;

/** Measures by name. */
export type Measures<T> = Readonly<Record<string, Measure<T>>>;

export interface WindowTableOptions<T, K, M> {
  readonly window: Window<NoInfer<T>>;
  /** The key columns, in the order of the primary key; `{}` keeps one row a window. */
  readonly key: K;
  /** The measures: a column each (`mean` has three). */
  readonly measures: M;
}

/** Windows over an event table: one row a window and key. */
export interface WindowTable<T, K extends string = string, M extends string = string> {
  readonly kind: 'windows';
  readonly name: string;
  /** Name of the event table that is folded. */
  readonly of: string;
  readonly window: Window<T>;
  readonly key: Readonly<Record<K, Column<T>>>;
  readonly measures: Readonly<Record<M, Measure<T>>>;
}

const RESERVED = new Set([
  'window_start',
  'window_end',
  'state',
  'revision',
  'updated_at',
  'final_revision',
  'final_at',
  // of the function that rolls up
  'bucket',
  'since',
  'until',
  'zone',
  'keep',
  'fill',
]);

/**
 * Declares a table of windows.
 *
 * @throws ConfigError for names that are no SQL identifiers or that clash.
 * @example
 * const trade = windowTable('product_trade', shopEvents, {
 *   window: tumbling('10s'),
 *   key: { product: (e) => e.product },
 *   measures: { events: count(), revenue: sum((e) => e.cents) },
 * });
 */
export function windowTable<T, const K extends Key<T>, const M extends Measures<T>>(
  name: string,
  events: EventTable<T>,
  options: WindowTableOptions<T, K, M>,
): WindowTable<T, keyof K & string, keyof M & string> {
  const where = `windowTable('${name}')`;
  identifier(name, where, 50);
  const taken = new Set<string>();
  const claim = (column: string): void => {
    identifier(column, `${where} column`);
    if (RESERVED.has(column)) throw reserved(where, column);
    declared(!taken.has(column), where, 'columns of different names', column, `rename one: '${column}' is there twice`);
    taken.add(column);
  };
  knownOptions(options, ['window', 'key', 'measures'], where);
  const { window, measures } = options;
  declared(
    isRecord(window) && typeof window.of === 'function',
    `${where} window`,
    'a window',
    window,
    "window: tumbling('1m')",
  );
  declared(isRecord(options.key), `${where} key`, 'accessors by name', options.key, 'key: {} for one row a window');
  declared(isRecord(measures), `${where} measures`, 'measures by name', measures, 'measures: { events: count() }');
  const key: Record<string, Column<T>> = {};
  if (window.zone) {
    taken.add('zone');
    key['zone'] = { type: 'text', read: window.zone };
  }
  for (const [column, accessor] of Object.entries(options.key)) {
    claim(column);
    key[column] = asColumn(accessor, `${where} key '${column}'`);
    if (key[column].type === 'numeric') {
      // 1.0 and 1.00 are one key in SQL and two texts here
      throw new ConfigError({
        where: `${where} key '${column}'`,
        expected: 'text, uuid, bigint or boolean',
        got: 'numeric',
        fix: 'count in whole units: { bigint: … }',
      });
    }
  }
  for (const [column, measure] of Object.entries(measures)) {
    claim(column);
    declared(
      isRecord(measure) && Array.isArray(measure.parts),
      `${where} measure '${column}'`,
      'a measure',
      measure,
      `${column}: count()`,
    );
    const columns = [...measure.parts, ...measure.readings].map(({ suffix }) => suffix);
    declared(
      new Set(columns).size === columns.length,
      `${where} measure '${column}'`,
      'columns of different names',
      columns,
      'rename one',
    );
    for (const suffix of columns) if (suffix) claim(column + suffix);
    if (measure.items) itemsFit(name, column, measure.items, key);
  }
  return { kind: 'windows', name, of: events.name, window, key: key as Record<keyof K & string, Column<T>>, measures };
}

/** The relation of the items has a name of its own, and columns that are not those of the key. */
function itemsFit<T>(table: string, measure: string, { columns, parts }: Items<T>, key: object): void {
  const where = `windowTable('${table}') measure '${measure}'`;
  identifier(itemTable(table, measure), where, 50);
  for (const column of [...Object.keys(columns), ...parts.map(({ suffix }) => suffix)])
    declared(!Object.hasOwn(key, column), where, `a key without '${column}'`, column, 'rename the key column');
}
