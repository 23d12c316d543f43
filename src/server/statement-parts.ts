import { canonical, type ColumnType } from '../column.ts';
import type { AnyEvent } from '../event-table.ts';
import type { Micros } from '../event-time.ts';
import type { Pipeline } from '../pipeline.ts';
import { watermarkOf } from '../sinks/postgres/closing.ts';
import { instant } from '../sinks/postgres/instant.ts';
import { quoteText, textArray } from '../sinks/postgres/quote.ts';
import type { WindowTable } from '../window-table.ts';
import { finalUntil } from './final-until.ts';

/** A statement and its parameters. What anybody sent is a parameter, never a part of the text. */
export interface Statement {
  readonly text: string;
  readonly parameters: readonly string[];
}

/** Collects the parameters of a statement; each call gives the expression that stands for one. */
export interface Given {
  readonly parameters: string[];
  text(value: string): string;
  instant(micros: Micros | string): string;
  /** A value of a column's type, compared as the column is. */
  value(type: ColumnType, value: string): string;
  list(type: ColumnType, values: readonly string[]): string;
}

export function given(): Given {
  const parameters: string[] = [];
  const add = (value: string): string => `$${parameters.push(value)}::text`;
  return {
    parameters,
    text: add,
    instant: (micros) => `(${instant(`${add(String(micros))}::bigint`)})`,
    value: (type, value) => (type === 'text' ? `${add(value)} collate "C"` : `${add(value)}::${type}`),
    list: (type, values) => `${add(textArray(values))}::${type}[]`,
  };
}

/** Values that a key column may have. */
export interface KeyFilter {
  readonly column: string;
  readonly type: ColumnType;
  readonly values: readonly string[];
}

/** The values of a filter in canonical form; those that do not fit the type are no value of any row. */
export const canonicalValues = (type: ColumnType, values: readonly string[]): string[] =>
  values.flatMap((value) => canonicalText(type, value) ?? []);

/** As text came: `true` and `false` are booleans. */
export function canonicalText(type: ColumnType, text: string): string | undefined {
  if (type === 'boolean') return text === 'true' || text === 'false' ? text : undefined;
  return canonical(type, text) ?? undefined;
}

/** A moment as RFC 3339, UTC, in milliseconds. */
export const rfcMillis = (time: string): string =>
  `to_char(${time} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** What every answer says of the moment, read in the statement that reads its rows; no row where the database does not know the pipeline. */
export const momentQuery = (pipeline: Pipeline, table?: WindowTable<AnyEvent>): string =>
  `select version, ${rfcMillis(watermarkOf(pipeline))} as watermark, ${rfcMillis(`(${finalUntil(pipeline, table)})`)} as final, ${rfcMillis('clock_timestamp()')} as as_of
    from scalestream.pipelines where name = ${quoteText(pipeline.name)}`;

/** The columns of {@link momentQuery}. */
export interface Moment {
  readonly version: string;
  readonly watermark: string | null;
  readonly final: string | null;
  readonly as_of: string;
}
