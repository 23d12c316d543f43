import type { ColumnType } from '../../column.ts';
import type { AnyEvent, EventTable } from '../../event-table.ts';
import type { WindowTable } from '../../window-table.ts';
import { partsOf } from '../accumulate.ts';
import { quoteName } from './quote.ts';

/** SQL types of declared columns. Text is compared byte by byte: fast, and the same order everywhere. */
export const sqlType: Readonly<Record<ColumnType, string>> = {
  text: 'text collate "C"',
  uuid: 'uuid',
  bigint: 'bigint',
  numeric: 'numeric',
  boolean: 'boolean',
};

/** The raw events, a partition a day; the primary key begins with time, which costs a fraction of the WAL of a random one. */
export function eventTableDdl(table: EventTable<AnyEvent>): string {
  const columns = [
    'event_time timestamptz not null',
    `event_id ${sqlType[table.id.type]} not null`,
    'counted boolean not null',
    ...(table.whole ? ['event json not null'] : []),
    ...Object.entries(table.columns).map(([name, column]) => `${quoteName(name)} ${sqlType[column.type]}`),
    'primary key (event_time, event_id)',
  ];
  return `create table if not exists ${quoteName(table.name)} (${columns.join(', ')}) partition by range (event_time);`;
}

/** One row a window and key; every merge is a HOT update, since no index holds what it changes. */
export function windowTableDdl(table: WindowTable<AnyEvent>): string {
  const key = Object.keys(table.key).map(quoteName);
  const columns = [
    'window_start timestamptz not null',
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
    'revision bigint not null default 1',
    'updated_at timestamptz not null default clock_timestamp()',
    'final_revision bigint',
    `primary key (${['window_start', ...key].join(', ')})`,
  ];
  const name = quoteName(table.name);
  return [
    `create table if not exists ${name} (${columns.join(', ')}) with (fillfactor = 70);`,
    `create index if not exists ${quoteName(`${table.name}$open`)} on ${name} (window_start) where final_revision is null;`,
  ].join('\n');
}
