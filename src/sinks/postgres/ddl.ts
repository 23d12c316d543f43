import type { ColumnType } from '../../column.ts';
import { type AnyEvent, comparedBy, CONTENT, type EventTable } from '../../event-table.ts';
import type { FinalBranch } from '../../when-final.ts';
import type { WindowTable } from '../../window-table.ts';
import { partsOf } from '../accumulate.ts';
import { addColumn, replaceView } from './alter.ts';
import { idTableDdl } from './id-table.ts';
import { quoteName } from './quote.ts';

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

/** The columns of a window's key and measures. */
function valueColumns(table: WindowTable<AnyEvent>): string[] {
  return [
    ...Object.entries(table.key).map(([name, column]) => `${quoteName(name)} ${sqlType[column.type]} not null`),
    ...partsOf(table).map(
      (part) => `${quoteName(part.column)} ${part.type}${part.combine === 'sum' ? ' not null' : ''}`,
    ),
    ...Object.entries(table.measures).flatMap(([name, measure]) =>
      measure.kind === 'mean'
        ? [
            `${quoteName(name)} numeric generated always as (${quoteName(`${name}_sum`)} / nullif(${quoteName(`${name}_count`)}, 0)) stored`,
          ]
        : [],
    ),
  ];
}

/** One row a window and key; every merge is a HOT update, since no index holds what it changes. */
export function windowTableDdl(table: WindowTable<AnyEvent>): string {
  const key = Object.keys(table.key).map(quoteName);
  const columns = [
    'window_start timestamptz not null',
    ...valueColumns(table),
    'revision bigint not null default 1',
    'updated_at timestamptz not null default clock_timestamp()',
    'final_revision bigint',
    'final_at timestamptz',
    `primary key (${['window_start', ...key].join(', ')})`,
  ];
  const name = quoteName(table.name);
  return [
    `create table if not exists ${name} (${columns.join(', ')}) with (fillfactor = 70);`,
    addColumn(name, 'final_at', 'timestamptz'),
    `create index if not exists ${quoteName(`${table.name}$open`)} on ${name} (window_start) where final_revision is null;`,
  ].join('\n');
}

/** Where `whenFinal` puts windows into a table: one row for each revision that was delivered. */
export function finalTableDdl({ name, table }: FinalBranch): string {
  const columns = [
    'window_start timestamptz not null',
    'window_end timestamptz not null',
    ...valueColumns(table),
    'revision bigint not null',
    'delivered_at timestamptz not null default clock_timestamp()',
    `primary key (${['window_start', ...Object.keys(table.key).map(quoteName), 'revision'].join(', ')})`,
  ];
  return `create table if not exists ${quoteName(name)} (${columns.join(', ')});`;
}

/** What a person reads: each window with its end, its key, its measures, and how far it is. */
export function windowViewDdl(table: WindowTable<AnyEvent>): string {
  const measures = Object.entries(table.measures).flatMap(([name, measure]) => [
    ...measure.parts.map((part) => name + part.suffix),
    ...(measure.kind === 'mean' ? [name] : []),
  ]);
  const columns = [
    'window_start',
    `window_start + interval '${table.window.size} microseconds' as window_end`,
    ...[...Object.keys(table.key), ...measures].map(quoteName),
    `case when final_revision is null then 'open' when final_revision = revision then 'final' else 'revised' end as state`,
    'revision',
    'updated_at',
    'final_at',
  ];
  return replaceView(quoteName(viewOf(table)), `select ${columns.join(', ')} from ${quoteName(table.name)}`);
}

export const viewOf = ({ name }: WindowTable<AnyEvent>): string => `${name}_windows`;
