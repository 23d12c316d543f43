import type { AnyEvent } from '../../event-table.ts';
import { type HoppingTable, isHopping } from '../../sinks/hopping-table.ts';
import { interval } from '../../sinks/postgres/instant.ts';
import { quoteName } from '../../sinks/postgres/quote.ts';
import { storedOf } from '../../stored.ts';
import type { WindowTable } from '../../window-table.ts';
import { type Given, given, type Statement } from '../statement-parts.ts';
import { keyConditions, type WindowsAsked } from '../window-query.ts';

/**
 * Which windows are followed: all that begin then or later. Of sessions, whose ends grow, all that end later: those that begin later are among them, and so is
 * one from before that takes in another.
 */
export interface Scope {
  /** Microseconds since 1970; `undefined`: all. */
  readonly us: string | undefined;
}

export interface ScopeRow {
  readonly us: string | null;
  /** More windows begin at the latest moment than may be followed. */
  readonly crowded: boolean;
  /** Which database, which of its histories, and whether its tables were made anew: what a transaction's number means. */
  readonly database: string;
  /** The oldest transaction that is running, see `Since`. */
  readonly horizon: string;
}

/**
 * Finds what may be followed: the latest `asked.limit` windows, of the latest `mostRead` rows. It reads no more than these, in the order of the primary key; of
 * sessions, which have no such order, all.
 */
export function scopeStatement(table: WindowTable<AnyEvent>, asked: WindowsAsked, mostRead: number): Statement {
  const parameters = given();
  const name = quoteName(table.name);
  const own = followed(table, { us: asked.from === undefined ? undefined : String(asked.from) }, parameters);
  const where = (conditions: readonly string[]): string => `where ${['true', ...conditions].join(' and ')}`;
  const keys = keyConditions(asked.keys, parameters);
  const column = edgeOf(table);
  const isSession = table.window.kind === 'session';
  const read = isSession
    ? `select * from ${name} as "$w" ${where(own)}`
    : `select * from ${name} as "$w" ${where(own)} order by ${column} desc limit ${mostRead}`;
  const rows = `(${read}) as "$w" ${where(keys)}`;
  const starts = isHopping(table) ? hopStarts(table, asked, parameters, rows) : `select ${column} as at from ${rows}`;
  const cuts = [
    `(${starts} order by at desc offset ${asked.limit} limit 1)`,
    ...(isSession
      ? []
      : [
          `(select ${column} as at from ${name} as "$w" ${where(own)} order by ${column} desc offset ${mostRead} limit 1)`,
        ]),
  ];
  const next = isHopping(table)
    ? `(select at + ${interval(table.window.stored)} from ${name} where ${column} > at limit 1)`
    : `(select min(${column}) from ${name} where ${column} > at)`;
  const first = isSession ? 'at' : next;
  const all = asked.from === undefined ? 'null' : parameters.text(String(asked.from));
  return {
    text: `with "$cut" as materialized (select max(at) as at from (${cuts.join(' union all ')}) as "$cuts"), "$first" as (select at, ${first} as first from "$cut")
  select case when at is null then ${all} else (extract(epoch from first) * 1000000)::bigint::text end as us, at is not null and first is null as crowded,
    concat_ws('/', (select system_identifier from pg_control_system()), (select timeline_id from pg_control_checkpoint()),
      (select oid from pg_database where datname = current_database()), 'scalestream.pipelines'::regclass::oid) as database,
    pg_snapshot_xmin(pg_current_snapshot())::text as horizon
  from "$first"`,
    parameters: parameters.parameters,
  };
}

/**
 * The starts of the latest windows, of panes. A window begins with each pane, so of the latest panes no more are read than there are to be windows.
 */
function hopStarts(table: HoppingTable, { from, limit }: WindowsAsked, parameters: Given, panes: string): string {
  const { longest, stored } = table.window;
  const key = (storedOf(table)[0]?.key ?? []).map(({ name }) => `"$w".${quoteName(name)}`);
  const starts = `generate_series("$w".pane_start - ${interval(longest - stored)}, "$w".pane_start, ${interval(stored)}) as "$hops" ("$at")`;
  const followable = from === undefined ? '' : `where "$at" >= ${parameters.instant(from)}`;
  return `select "$at" as at from (
    select distinct ${['"$at"', ...key].join(', ')} from (select "$w".* from ${panes} order by "$w".pane_start desc limit ${limit + 1}) as "$w", ${starts} ${followable}
  ) as "$windows"`;
}

const edgeOf = (table: WindowTable<AnyEvent>): string =>
  table.window.kind === 'session' ? 'window_end' : (storedOf(table)[0]?.start ?? 'window_start');

/** Whether a stored row is followed. */
export const followed = (table: WindowTable<AnyEvent>, { us }: Scope, parameters: Given): string[] =>
  us === undefined
    ? []
    : [`"$w".${edgeOf(table)} ${table.window.kind === 'session' ? '>' : '>='} ${parameters.instant(us)}`];
