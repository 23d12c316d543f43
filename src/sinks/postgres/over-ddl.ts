import type { AnyEvent } from '../../event-table.ts';
import { type Stored, storedOf } from '../../stored.ts';
import type { WindowTable } from '../../window-table.ts';
import { sqlType } from './ddl.ts';
import { storesEnd } from './merges.ts';
import { quoteName } from './quote.ts';

/** Where a relation of a table of windows over windows keeps what each of them contributes, so that it can be taken back. */
export const takenOf = ({ name }: Stored): string => quoteName(takenName(name));

const takenName = (name: string): string => `${name}$taken`;
const goneName = (name: string): string => `${name}$gone`;

/** All that is kept beside the relations of a table over windows: to be missed where it is gone. */
export const keptBeside = (table: WindowTable<AnyEvent>): string[] =>
  table.over ? [...storedOf(table).map(({ name }) => takenName(name)), goneName(table.name)] : [];

/** Where it keeps the revisions of rows that were final and are gone: should such a row come again, it goes on counting, so that none is delivered twice. */
export const goneOf = ({ name }: Stored): string => quoteName(goneName(name));

/** Which window contributes: its line, that is its table and key, and its start. */
export const SOURCE = ['"$line"', '"$at"'] as const;

/**
 * Beside each relation: what every window contributes to it, at the revision that was taken last, and to which group. Where it contributes nothing any more, its
 * row remembers the revision.
 */
export function takenDdl(table: WindowTable<AnyEvent>): string {
  const [windows, ...items] = storedOf(table) as [Stored, ...Stored[]];
  return [windowsTaken(table, windows), goneDdl(windows), ...items.map(itemsTaken)].join('\n');
}

const COLUMNS = ['"$line" text not null', '"$at" timestamptz not null'];

const values = ({ inputs }: Stored): string[] => inputs.map((type, i) => `"$v${i}" ${type}`);

function windowsTaken(table: WindowTable<AnyEvent>, stored: Stored): string {
  const keys = stored.key.map((column) => quoteName(column.name));
  const columns = [
    ...COLUMNS,
    '"$revision" bigint not null',
    'window_start timestamptz',
    ...(storesEnd(table) ? ['window_end timestamptz'] : []),
    ...stored.key.map(({ type }, i) => `${keys[i]} ${sqlType[type]}`),
    ...values(stored),
    'primary key ("$at", "$line")',
  ];
  return `create table if not exists ${takenOf(stored)} (${columns.join(', ')});
create index if not exists ${quoteName(`${stored.name}$group`)} on ${takenOf(stored)} (${['window_start', ...keys].join(', ')});`;
}

function goneDdl(stored: Stored): string {
  const keys = stored.key.map(({ name, type }) => `${quoteName(name)} ${sqlType[type]} not null`);
  const primary = ['window_start', ...stored.key.map((column) => quoteName(column.name))];
  const columns = ['window_start timestamptz not null', ...keys, 'revision bigint not null'];
  return `create table if not exists ${goneOf(stored)} (${columns.join(', ')}, primary key (${primary.join(', ')}));`;
}

function itemsTaken(stored: Stored): string {
  const items = stored.key.slice(stored.keyed).map(({ name, type }) => `${quoteName(name)} ${sqlType[type]} not null`);
  return `create table if not exists ${takenOf(stored)} (${[...COLUMNS, ...items, ...values(stored)].join(', ')});
create index if not exists ${quoteName(`${stored.name}$source`)} on ${takenOf(stored)} ("$at", "$line");`;
}
