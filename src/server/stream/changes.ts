import type { AnyEvent } from '../../event-table.ts';
import type { Pipeline } from '../../pipeline.ts';
import { type HoppingTable, isHopping } from '../../sinks/hopping-table.ts';
import { rfc3339 } from '../../sinks/postgres/final-json.ts';
import { interval } from '../../sinks/postgres/instant.ts';
import { quoteName, textArray } from '../../sinks/postgres/quote.ts';
import { storedOf } from '../../stored.ts';
import type { WindowTable } from '../../window-table.ts';
import type { Given, Moment, Statement } from '../statement-parts.ts';
import { keyConditions, type WindowsAsked, windowsStatement } from '../window-query.ts';
import { followed, type Scope } from './scope.ts';

/**
 * What changed is found by the transaction that wrote a row. A look remembers the oldest transaction that was still running (`pg_snapshot_xmin`): all that it
 * could not see is written by that one or a later one, also what was written before the look and committed after it. So the next look reads rows whose
 * `xmin` is not older. Those of a transaction that was seen already are passed over, so that one that runs for hours costs no repetitions. Replicas have
 * the primary's transactions, so an answer of one goes on at another.
 */
export interface Since {
  /** The oldest transaction that the look before may not have seen, 64 bits. */
  readonly xid: bigint;
  /** Later ones that it saw, whole. */
  readonly seen: readonly string[];
}

/** What a statement of this file tells beside the moment. */
export interface Told extends Moment {
  readonly horizon: string;
  /** Transactions whose rows were read, with commas; `null`: none. */
  readonly seen: string | null;
  readonly changed: string;
  /** Rows that are followed, where that shows whether some are gone. */
  readonly held: string | null;
  /** {@link Scope.us} as answers write it. */
  readonly from_text: string | null;
}

/** Reads the latest windows that are followed. */
export const wholeStatement = (
  pipeline: Pipeline,
  table: WindowTable<AnyEvent>,
  asked: WindowsAsked,
  scope: Scope,
): Statement =>
  windowsStatement(pipeline, table, within(table, asked, scope), undefined, (parameters) => ({
    parts: [],
    conditions: table.window.kind === 'session' ? followed(table, scope, parameters) : [],
    told: [
      ...toldOf(table, asked, scope, parameters),
      `${seenNow(table, asked, scope, parameters)} as seen`,
      `'0' as changed`,
    ],
  }));

/** Reads those that changed since, at most `asked.limit` and one; of sessions also those that begin before the scope and reach into it. */
export const changedStatement = (
  pipeline: Pipeline,
  table: WindowTable<AnyEvent>,
  asked: WindowsAsked,
  scope: Scope,
  since: Since,
): Statement =>
  windowsStatement(pipeline, table, within(table, asked, scope), undefined, (parameters) => {
    const { part, condition } = isHopping(table)
      ? changedPanes(table, asked, scope, since, parameters)
      : changedRows(table, asked, scope, since, parameters);
    return {
      parts: [part],
      conditions: [condition],
      told: [
        ...toldOf(table, asked, scope, parameters),
        `(select string_agg(distinct "$xid"::text, ',') from "$written") as seen`,
        `(select count(*) from "$written")::text as changed`,
      ],
    };
  });

const within = (table: WindowTable<AnyEvent>, asked: WindowsAsked, { us }: Scope): WindowsAsked => ({
  ...asked,
  from: table.window.kind === 'session' || us === undefined ? undefined : Number(us),
});

function toldOf(table: WindowTable<AnyEvent>, asked: WindowsAsked, scope: Scope, parameters: Given): string[] {
  const from = scope.us === undefined ? 'null' : rfc3339(parameters.instant(scope.us), table);
  return [
    `${HORIZON}::text as horizon`,
    `${from}::text as from_text`,
    `${table.over ? countOf(table, asked, scope, parameters) : 'null'}::text as held`,
  ];
}

const HORIZON = 'pg_snapshot_xmin(pg_current_snapshot())';

/** The transactions that the next look would read again. */
function seenNow(table: WindowTable<AnyEvent>, asked: WindowsAsked, scope: Scope, parameters: Given): string {
  const conditions = [
    ...followed(table, scope, parameters),
    ...keyConditions(asked.keys, parameters),
    `age("$w".xmin) <= age(${HORIZON}::xid)`,
  ];
  return `(select string_agg(distinct "$w".xmin::text, ',') from ${quoteName(table.name)} as "$w" where ${conditions.join(' and ')})`;
}

/** Windows over windows may be gone without a trace: their number tells. */
function countOf(table: WindowTable<AnyEvent>, asked: WindowsAsked, scope: Scope, parameters: Given): string {
  const conditions = [...followed(table, scope, parameters), ...keyConditions(asked.keys, parameters)];
  return `(select count(*) from ${quoteName(table.name)} as "$w" where ${['true', ...conditions].join(' and ')})`;
}

/** Written by a transaction that the look before may not have seen, and did not see. `age` compares transactions around the end of their numbers. */
function written({ xid, seen }: Since, parameters: Given): string[] {
  const short = String(xid % 2n ** 32n);
  return [
    `age("$w".xmin) <= age(${parameters.text(short)}::xid)`,
    ...(seen.length > 0 ? [`"$w".xmin::text <> all (${parameters.text(textArray(seen))}::text[])`] : []),
  ];
}

interface ChangedPart {
  readonly part: string;
  readonly condition: string;
}

function changedRows(
  table: WindowTable<AnyEvent>,
  asked: WindowsAsked,
  scope: Scope,
  since: Since,
  parameters: Given,
): ChangedPart {
  const conditions = [
    ...followed(table, scope, parameters),
    ...keyConditions(asked.keys, parameters),
    ...written(since, parameters),
  ];
  return {
    part: `"$written" as materialized (
    select "$w".ctid as "$place", "$w".xmin as "$xid" from ${quoteName(table.name)} as "$w" where ${conditions.join(' and ')} limit ${asked.limit + 1}
  )`,
    condition: `"$w".ctid = any (array(select "$place" from "$written"))`,
  };
}

/** A window is what its panes are, so one has changed where one of them has. */
function changedPanes(
  table: HoppingTable,
  asked: WindowsAsked,
  scope: Scope,
  since: Since,
  parameters: Given,
): ChangedPart {
  const { longest, stored } = table.window;
  const conditions = [
    ...followed(table, scope, parameters),
    ...keyConditions(asked.keys, parameters),
    ...written(since, parameters),
  ];
  const key = (storedOf(table)[0]?.key ?? []).map(({ name }) => quoteName(name));
  const own = ['window_start', ...key].map((column) => `"$w".${column}`);
  const starts = `generate_series(pane_start - ${interval(longest - stored)}, pane_start, ${interval(stored)})`;
  return {
    part: `"$written" as materialized (
    select ${['"$w".pane_start', ...key.map((column) => `"$w".${column}`)].join(', ')}, "$w".xmin as "$xid" from ${quoteName(table.name)} as "$w"
    where ${conditions.join(' and ')} limit ${asked.limit + 1}
  )`,
    condition: `(${own.join(', ')}) in (select ${[starts, ...key].join(', ')} from "$written")`,
  };
}
