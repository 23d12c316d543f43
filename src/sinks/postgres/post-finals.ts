import type { AnyEvent } from '../../event-table.ts';
import type { Pipeline } from '../../pipeline.ts';
import { isSinkBranch, isTableBranch, type SinkBranch, type TableBranch } from '../../when-final.ts';
import type { WindowTable } from '../../window-table.ts';
import { readingsOf, storedOf } from '../../stored.ts';
import { isWhole } from '../final-window.ts';
import { endOf } from './ddl.ts';
import { quoteName, quoteText } from './quote.ts';
import { itemJoins, measureColumns } from './readings.ts';

/**
 * What puts the rows of the common table expression `"$changed"`, which has the columns of the window table, into everything that `whenFinal` declared for it:
 * parts of the statement that made them final, or announced them, so that both happen or neither.
 */
export function postFinals({ name, finals }: Pipeline, table: WindowTable<AnyEvent>, revised: boolean): string[] {
  const branches = finals.filter((branch) => branch.table === table);
  const sinks = branches.filter(isSinkBranch);
  return [
    ...branches.filter(isTableBranch).map((branch, i) => `"$stored_${i + 1}" as (${intoTable(branch)})`),
    ...(sinks.length > 0 ? [`"$posted" as (${intoOutbox(name, table, sinks, revised)})`] : []),
  ];
}

/** What changed, and what is read of its items. */
const changedOf = (table: WindowTable<AnyEvent>): string => ['"$changed"', ...itemJoins(table, '"$changed"')].join(' ');

const keyOf = (table: WindowTable<AnyEvent>): string[] => Object.keys(table.key).map(quoteName);

function intoTable({ name, table }: TableBranch): string {
  const key = keyOf(table);
  const columns = [...(storedOf(table)[0]?.parts ?? []), ...readingsOf(table).filter(({ ofItems }) => ofItems)];
  const values = [...key, ...columns.map(({ column }) => quoteName(column)), 'revision'];
  return `
  insert into ${quoteName(name)} (window_start, window_end, ${values.join(', ')})
  select window_start, ${endOf(table)}, ${values.join(', ')} from ${changedOf(table)} order by ${['window_start', ...key].join(', ')}`;
}

function intoOutbox(
  pipeline: string,
  table: WindowTable<AnyEvent>,
  branches: readonly SinkBranch[],
  revised: boolean,
): string {
  const key = keyOf(table);
  const names = branches.map((branch) => `(${quoteText(branch.name)})`).join(', ');
  const measures = measureColumns(table);
  const start = rfc3339('window_start', table);
  const window = [
    ['delivery', '"$delivery"'],
    ['table', quoteText(table.name)],
    ['start', start],
    ['end', rfc3339(endOf(table), table)],
    ['key', object(Object.keys(table.key).map((name) => [name, `${quoteName(name)}::text`]))],
    ['measures', object(measures.map(({ column, type }) => [column, plainText(quoteName(column), type)]))],
    ['revision', 'revision'],
    ['revised', String(revised)],
  ].map(([field, value]) => `'${field}', ${value}`);
  return `
  insert into scalestream.outbox (pipeline, branch, delivery, line, body)
  select ${quoteText(pipeline)}, "$branch", "$delivery", "$line", json_build_object(${window.join(', ')})
  from ${changedOf(table)}
  cross join lateral (select ${lineOf(table)} as "$line") as lines
  cross join lateral (select concat_ws('/', ${quoteText(table.name)}, ${start}, "$line", revision) as "$delivery") as deliveries
  cross join (values ${names}) as branches ("$branch")
  order by ${['window_start', ...key, '"$branch"'].join(', ')}`;
}

/** See `lineOf` in `sinks/final-window.ts`: the same text. */
function lineOf(table: WindowTable<AnyEvent>): string {
  const values = [quoteText(table.name), ...Object.keys(table.key).map((name) => `${quoteName(name)}::text`)];
  return `left(encode(sha256(convert_to(jsonb_build_array(${values.join(', ')})::text, 'UTF8')), 'hex'), 32)`;
}

/** Any number of members: functions take no more than 100 arguments. */
const object = (members: readonly (readonly [string, string])[]): string =>
  `json_object(array[${members.map(([name]) => quoteText(name)).join(', ')}]::text[], array[${members.map(([, value]) => value).join(', ')}]::text[])`;

const plainText = (column: string, type: string): string =>
  type === 'numeric' ? `trim_scale(${column})::text` : `${column}::text`;

function rfc3339(time: string, { window }: WindowTable<AnyEvent>): string {
  const fraction = isWhole(window) ? 'MS' : 'US';
  return `to_char((${time}) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.${fraction}"Z"')`;
}
