import type { ColumnType } from '../../column.ts';
import { type AnyEvent, comparedBy, CONTENT, type EventTable } from '../../event-table.ts';
import type { FinalBranch } from '../../when-final.ts';
import type { WindowTable } from '../../window-table.ts';
import { readingsOf, type Stored, type StoredPart, storedOf } from '../../stored.ts';
import { addColumn, replaceView } from './alter.ts';
import { isHopping } from '../hopping-table.ts';
import { hoppingViewDdl } from './hopping-view.ts';
import { idTableDdl } from './id-table.ts';
import { interval } from './instant.ts';
import { storesEnd } from './merges.ts';
import { PANE_LABELS, paneIndex } from './panes.ts';
import { isTotal, partType } from './part-sql.ts';
import { quoteName, quoteText } from './quote.ts';
import { itemJoins, measureColumns, partReading } from './readings.ts';
import { mayBeRemoved } from './removed.ts';
import { traceIdOf } from './trace-id.ts';

/** SQL types of declared columns. Text is compared byte by byte: fast, and the same order everywhere. */
export const sqlType: Readonly<Record<ColumnType, string>> = {
  text: 'text collate "C"',
  uuid: 'uuid',
  bigint: 'bigint',
  numeric: 'numeric',
  boolean: 'boolean',
};

/**
 * The raw events, a partition a day; the primary key begins with time, which costs a fraction of the WAL of a random one. Where ids only are kept, a hash
 * of what each event said; none, where it is from before there was one.
 */
export function eventTableDdl(table: EventTable<AnyEvent>): string {
  const name = quoteName(table.name);
  const hash = comparedBy(table) === 'hash';
  const columns = [
    'event_time timestamptz not null',
    `event_id ${sqlType[table.id.type]} not null`,
    'counted boolean not null',
    ...(table.whole ? ['event json not null'] : []),
    ...(hash ? [`${CONTENT} uuid`] : []),
    ...Object.entries(table.columns).map(([name, column]) => `${quoteName(name)} ${sqlType[column.type]}`),
    'primary key (event_time, event_id)',
  ];
  return [
    `create table if not exists ${name} (${columns.join(', ')}) partition by range (event_time);`,
    ...(hash ? [addColumn(name, CONTENT, 'uuid')] : []), // for tables from before there was a hash
    ...(table.dedupe ? [idTableDdl(table)] : []),
  ].join('\n');
}

/** The columns of a key, and of what names an item. */
const keyColumns = (key: Stored['key']): string[] =>
  key.map(({ name, type }) => `${quoteName(name)} ${sqlType[type]} not null`);

const partColumns = (parts: readonly StoredPart[]): string[] =>
  parts.map((part) => `${quoteName(part.column)} ${partType(part)}${isTotal(part) ? ' not null' : ''}`);

/** What is computed of the parts of a row is computed by the database. */
const generatedColumns = (table: WindowTable<AnyEvent>): string[] =>
  readingsOf(table)
    .filter(({ ofItems }) => !ofItems)
    .map(
      (reading) => `${quoteName(reading.column)} ${reading.type} generated always as (${partReading(reading)}) stored`,
    );

/** One row a window and key; every merge is a HOT update, since no index holds what it changes. */
export function windowTableDdl(table: WindowTable<AnyEvent>): string {
  const [windows, ...items] = storedOf(table);
  const { start, key, parts } = windows as Stored;
  const ends = storesEnd(table);
  const columns = [
    `${start} timestamptz not null`,
    ...(ends ? ['window_end timestamptz not null'] : []),
    ...keyColumns(key),
    ...partColumns(parts),
    ...generatedColumns(table),
    'revision bigint not null default 1',
    'updated_at timestamptz not null default clock_timestamp()',
    ...(isHopping(table) ? PANE_LABELS : ['final_revision bigint']),
    'final_at timestamptz',
    'trace_id uuid',
    `primary key (${primaryOf(table).join(', ')})`,
  ];
  const name = quoteName(table.name);
  return [
    ...functionsOf(table),
    `create table if not exists ${name} (${columns.join(', ')}) with (fillfactor = 70);`,
    addColumn(name, 'final_at', 'timestamptz'),
    addColumn(name, 'trace_id', 'uuid'),
    isHopping(table)
      ? paneIndex(table)
      : `create index if not exists ${quoteName(`${table.name}$open`)} on ${name} (${openBy(table)}) where final_revision is null;`,
    ...items.map(itemTableDdl),
    ...comments(table, table.name, ({ ofItems }) => !ofItems),
  ].join('\n');
}

/** What finds the windows that are due: the end where it is stored, but for sessions: theirs grows, and no index holds what a merge changes. */
const openBy = (table: WindowTable<AnyEvent>): string =>
  storesEnd(table) && table.window.kind !== 'session' ? 'window_end' : (storedOf(table)[0] as Stored).start;

/** The columns that name a window. A session is looked for by its key. */
export function primaryOf(table: WindowTable<AnyEvent>): string[] {
  const { start, key } = storedOf(table)[0] as Stored;
  const names = key.map((column) => quoteName(column.name));
  return table.window.kind === 'session' ? [...names, start] : [start, ...names];
}

const functionsOf = ({ measures }: WindowTable<AnyEvent>): string[] => [
  ...new Set(Object.values(measures).flatMap(({ functions = [] }) => functions)),
];

/** The items of one measure: a row for each, which merges like a window. */
function itemTableDdl({ name, start, key, parts }: Stored): string {
  const columns = [`${start} timestamptz not null`, ...keyColumns(key), ...partColumns(parts)];
  const primary = [start, ...key.map((column) => quoteName(column.name))];
  return `create table if not exists ${quoteName(name)} (${columns.join(', ')}, primary key (${primary.join(', ')})) with (fillfactor = 70);`;
}

/** What people should know of a measure's columns: their unit. */
function comments(
  table: WindowTable<AnyEvent>,
  relation: string,
  has: (column: ReturnType<typeof measureColumns>[number]) => boolean,
): string[] {
  return measureColumns(table)
    .filter(has)
    .flatMap(({ column, measure }) => {
      const { unit } = table.measures[measure] ?? {};
      return unit ? [`comment on column ${quoteName(relation)}.${quoteName(column)} is ${quoteText(unit)};`] : [];
    });
}

/** Where `whenFinal` puts windows into a table: one row for each revision that was delivered. */
export function finalTableDdl({ name, table }: FinalBranch): string {
  const { key, parts } = storedOf(table)[0] as Stored;
  const columns = [
    'window_start timestamptz not null',
    'window_end timestamptz not null',
    ...keyColumns(key),
    ...partColumns(parts),
    ...generatedColumns(table),
    ...readingsOf(table)
      .filter(({ ofItems }) => ofItems)
      .map(({ column, type }) => `${quoteName(column)} ${type}`),
    'revision bigint not null',
    ...(mayBeRemoved(table) ? ['removed boolean not null default false'] : []),
    'delivered_at timestamptz not null default clock_timestamp()',
    `primary key (${['window_start', ...key.map((column) => quoteName(column.name)), 'revision'].join(', ')})`,
  ];
  return `create table if not exists ${quoteName(name)} (${columns.join(', ')});`;
}

/** What a person reads: each window with its end, its key, its measures, and how far it is. */
export const windowViewDdl = (table: WindowTable<AnyEvent>): string =>
  [viewDdl(table), ...comments(table, viewOf(table), () => true)].join('\n');

function viewDdl(table: WindowTable<AnyEvent>): string {
  if (isHopping(table)) return hoppingViewDdl(table, viewOf(table));
  const columns = [
    'window_start',
    `${endOf(table)} as window_end`,
    ...[...Object.keys(table.key), ...measureColumns(table).map(({ column }) => column)].map(quoteName),
    `case when final_revision is null then 'open' when final_revision = revision then 'final' else 'revised' end as state`,
    'revision',
    'updated_at',
    'final_at',
    `${traceIdOf('"$w"')} as trace_id`,
  ];
  const from = [`${quoteName(table.name)} as "$w"`, ...itemJoins(table, '"$w"')];
  return replaceView(quoteName(viewOf(table)), `select ${columns.join(', ')} from ${from.join(' ')}`);
}

/** The end of a window, as an expression of its row. */
export const endOf = ({ window }: WindowTable<AnyEvent>): string =>
  window.stored === undefined ? 'window_end' : `window_start + ${interval(window.longest)}`;

export const viewOf = ({ name }: WindowTable<AnyEvent>): string => `${name}_windows`;
