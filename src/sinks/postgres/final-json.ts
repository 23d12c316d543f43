import type { AnyEvent } from '../../event-table.ts';
import type { WindowTable } from '../../window-table.ts';
import { isWhole } from '../final-window.ts';
import { endOf } from './ddl.ts';
import { quoteName, quoteText } from './quote.ts';
import { measureColumns } from './readings.ts';

interface JsonOptions {
  /** An expression of the delivery's id. */
  readonly delivery: string;
  /** An expression: whether it changed since it became final. */
  readonly revised: string;
  readonly removed?: boolean;
}

/** The expression of a `FinalWindow`, over a row of the window table and what is read of its items. */
export function finalJson(table: WindowTable<AnyEvent>, { delivery, revised, removed = false }: JsonOptions): string {
  const measures = measureColumns(table).map(
    ({ column, type }) => [column, plainText(quoteName(column), type)] as const,
  );
  const members = [
    ['delivery', delivery],
    ['table', quoteText(table.name)],
    ['start', rfc3339('window_start', table)],
    ['end', rfc3339(endOf(table), table)],
    ['key', object(Object.keys(table.key).map((name) => [name, `${quoteName(name)}::text`]))],
    ['measures', object(measures)],
    ['revision', 'revision'],
    ['revised', revised],
    ...(removed ? [['removed', 'true']] : []),
  ];
  return `json_build_object(${members.map(([name, value]) => `'${name}', ${value}`).join(', ')})`;
}

/** The id of a delivery, as an expression of a row and its line. */
export const deliveryOf = (table: WindowTable<AnyEvent>, line = lineOf(table)): string =>
  `concat_ws('/', ${quoteText(table.name)}, ${rfc3339('window_start', table)}, ${line}, revision)`;

/** See `lineOf` in `sinks/final-window.ts`: the same text. */
export function lineOf(table: WindowTable<AnyEvent>): string {
  const values = [quoteText(table.name), ...Object.keys(table.key).map((name) => `${quoteName(name)}::text`)];
  return `left(encode(sha256(convert_to(jsonb_build_array(${values.join(', ')})::text, 'UTF8')), 'hex'), 32)`;
}

/** Any number of members: functions take no more than 100 arguments. */
const object = (members: readonly (readonly [string, string])[]): string =>
  `json_object(array[${members.map(([name]) => quoteText(name)).join(', ')}]::text[], array[${members.map(([, value]) => value).join(', ')}]::text[])`;

const plainText = (column: string, type: string): string =>
  type === 'numeric' ? `trim_scale(${column})::text` : `${column}::text`;

export function rfc3339(time: string, { window }: WindowTable<AnyEvent>): string {
  const fraction = isWhole(window) ? 'MS' : 'US';
  return `to_char((${time}) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.${fraction}"Z"')`;
}
