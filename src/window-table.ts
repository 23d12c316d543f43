import { asColumn, type Column, type ColumnOf } from './column.ts';
import { declared, isRecord, knownOptions } from './declared.ts';
import { type AnyEvent, reserved } from './event-table.ts';
import { ConfigError } from './errors.ts';
import type { FinalWindow } from './final-window.ts';
import { identifier } from './identifier.ts';
import type { Items, Measure } from './measure.ts';
import { itemTable } from './stored.ts';
import type { Window } from './window.ts';

/** Key columns by name: never null, since they are the primary key. */
export type Key<T> = Readonly<Record<string, ColumnOf<T, never>>>;

/** Measures by name. */
export type Measures<T> = Readonly<Record<string, Measure<T>>>;

/** The unit of each measure, where it says one. */
export type UnitsOf<M> = {
  readonly [N in keyof M & string]: M[N] extends { readonly unit?: infer U extends string } ? U : string;
};

export interface WindowTableOptions<T, K, M> {
  readonly window: Window<NoInfer<T>>;
  /** The key columns, in the order of the primary key; `{}` keeps one row a window. */
  readonly key: K;
  /** The measures: a column each (`mean` has three). */
  readonly measures: M;
}

/** Windows over an event table: one row a window and key. */
export interface WindowTable<
  T,
  K extends string = string,
  M extends string = string,
  U extends Readonly<Record<M, string>> = Readonly<Record<M, string>>,
> {
  readonly kind: 'windows';
  readonly name: string;
  /** Name of the table that is folded. */
  readonly of: string;
  /** The window table whose final windows are folded; `undefined`: events are. */
  readonly over: WindowTable<AnyEvent> | undefined;
  readonly window: Window<T>;
  readonly key: Readonly<Record<K, Column<T>>>;
  readonly measures: Readonly<Record<M, Measure<T>>>;
  /** Nothing but a type: what windows over it take. */
  readonly taken?: FinalWindow<K, M, U>;
}

/** What windows may be over: events, or the final windows of another table. */
export interface Taken<T> {
  readonly kind: 'events' | 'windows';
  readonly name: string;
  readonly taken?: T;
}

const RESERVED = new Set([
  'window_start',
  'window_end',
  'state',
  'revision',
  'updated_at',
  'final_revision',
  'final_at',
  'trace_id',
  // of panes
  'pane_start',
  'final_until',
  'revised_until',
  // of the function that rolls up
  'bucket',
  'since',
  'until',
  'zone',
  'keep',
  'fill',
]);

/**
 * Declares a table of windows, over events or over the final windows of another table: each of those is taken when it is final, at its start, and again when it is
 * revised, in place of what it was. Nobody folds into such a table: it follows. Its own windows are final once all are that may belong to them.
 *
 * @throws ConfigError for names that are no SQL identifiers or that clash, or windows that cannot be over others.
 * @example
 * const visits = windowTable('visits', shopEvents, {
 *   window: session({ gap: '30m' }),
 *   key: { user: (e) => e.user },
 *   measures: { carts: countIf((e) => e.type === 'add_to_cart'), purchases: countIf((e) => e.type === 'purchase'), campaign: first((e) => e.campaign) },
 * });
 * const abandoned = windowTable('abandoned_carts', visits, {
 *   window: calendar('day', { zone: 'Europe/Berlin' }),
 *   key: { campaign: (visit) => visit.measures.campaign ?? 'none' },
 *   measures: { visits: count(), abandoned: countIf((visit) => visit.measures.carts !== '0' && visit.measures.purchases === '0') },
 * });
 */
export function windowTable<T, const K extends Key<T>, const M extends Measures<T>>(
  name: string,
  source: Taken<T>,
  options: WindowTableOptions<T, K, M>,
): WindowTable<T, keyof K & string, keyof M & string, UnitsOf<M>> {
  const where = `windowTable('${name}')`;
  const isSource: boolean = isRecord(source) && (source.kind === 'events' || source.kind === 'windows');
  declared(isSource, where, 'an event table, or a window table', source, `windowTable('${name}', orders, { … })`);
  const over = isOver(source) ? source : undefined;
  declared(
    over === undefined || (over.over === undefined && over.window.kind !== 'hopping'),
    where,
    'windows over events that do not overlap, to be taken when they are final',
    `'${over?.name}' (${over?.over ? `over '${over.of}'` : over?.window.kind})`,
    'take them from the table below',
  );
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
  declared(
    over === undefined || window.kind === 'tumbling' || window.kind === 'calendar',
    `${where} window`,
    'tumbling or calendar: it is over windows',
    window.kind,
    "window: calendar('day')",
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
    declared(
      measure.needs === undefined || window.kind === measure.needs,
      `${where} measure '${column}'`,
      `session windows for a ${measure.kind} without 'by'`,
      window.kind,
      'by: (e) => e.user',
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
  return {
    kind: 'windows',
    name,
    of: source.name,
    over,
    window,
    key: key as Record<keyof K & string, Column<T>>,
    measures,
  };
}

const isOver = (source: Taken<unknown>): source is WindowTable<AnyEvent> => source.kind === 'windows';

/** The relation of the items has a name of its own, and columns that are not those of the key. */
function itemsFit<T>(table: string, measure: string, { columns, parts }: Items<T>, key: object): void {
  const where = `windowTable('${table}') measure '${measure}'`;
  identifier(itemTable(table, measure), where, 50);
  for (const column of [...Object.keys(columns), ...parts.map(({ suffix }) => suffix)])
    declared(!Object.hasOwn(key, column), where, `a key without '${column}'`, column, 'rename the key column');
}
