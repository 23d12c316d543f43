import type { AnyEvent } from '../../event-table.ts';
import { readingsOf, type Stored, storedOf } from '../../stored.ts';
import type { WindowTable } from '../../window-table.ts';
import { primaryOf } from './ddl.ts';
import { interval } from './instant.ts';
import { mergedPart, totalPart } from './part-sql.ts';
import { quoteName, quoteText } from './quote.ts';
import { itemJoins } from './readings.ts';
import { type Arrays, named, numbered, over, traceText } from './session-arrays.ts';

/**
 * Merges instants and the sessions that they touch, whose rows are at `"$places"`, all of them locked.
 *
 * - `"$pieces"` are both; `"$islands"` the same, each with the start of the session that it becomes part of: a piece that begins before the end of one before
 *   it is joined to it. Every island has an instant, since only touched sessions are here.
 * - `"$kept"`: what is new of an island, instants and sessions that begin later, is merged into the row of its start, or begins it; `"$gone"` are those sessions.
 * - items are moved the same way: the sessions' own, and those of the instants.
 */
export function sessionStatement(table: WindowTable<AnyEvent>, arrays: readonly Arrays[]): string {
  const [windows, ...items] = storedOf(table) as [Stored, ...Stored[]];
  const { name, key, parts } = windows;
  const { at, keys: given, groups, folded } = arrays[0] as Arrays;
  const [k, p] = [numbered('k', key.length), numbered('p', parts.length)];
  const columns = key.map((column) => quoteName(column.name));
  const partColumns = parts.map(({ column }) => quoteName(column));
  return `with "$pieces" as (
    select ${[`${at} as first`, `${at} + ${interval(table.window.longest)} as ends`, 'null::tid as place', ...named(given, 'k'), ...p].join(', ')}
    from (${folded}) f join ${groups} using (grp)
    union all
    select ${['window_start', 'window_end', 'ctid', ...columns, ...partColumns].join(', ')} from ${quoteName(name)} where ctid = any ("$places")
  ), "$joined" as (
    select *, first >= coalesce(max(ends) over ${over(k, 'first rows between unbounded preceding and 1 preceding')}, '-infinity') as begins from "$pieces"
  ), "$islands" as materialized (
    select *, max(first) filter (where begins) over ${over(k, 'first')} as start from "$joined"
  ), "$kept" as (
    insert into ${quoteName(name)} as w (${['window_start', 'window_end', ...columns, ...partColumns, 'trace_id'].join(', ')})
    select ${['start', 'max(ends)', ...k, ...parts.map((part, i) => totalPart(part, `p${i}`)), traceText(table)].join(', ')}
    from "$islands" where place is null or first > start
    group by ${[...k, 'start'].join(', ')} order by ${[...k, 'start'].join(', ')}
    on conflict (${primaryOf(table).join(', ')}) do update
    set ${[
      'window_end = greatest(w.window_end, excluded.window_end)',
      ...parts.map((part) => `${quoteName(part.column)} = ${mergedPart(part, part.column)}`),
      'revision = w.revision + 1',
      'updated_at = clock_timestamp()',
      'trace_id = excluded.trace_id',
    ].join(', ')}
    returning w.*
  ), "$gone" as (
    delete from ${quoteName(name)} where ctid = any (array(select place from "$islands" where first > start and place is not null))
    returning *
  )${items.map((stored, i) => itemParts(stored, arrays[i + 1] as Arrays, i + 1)).join('')}
  select null::timestamptz, null::jsonb, revision, null::jsonb, false from "$kept" where revision = 1
  union all
  select ${['window_start', keyObject(windows), 'revision', 'to_jsonb(w.*)', 'false'].join(', ')} from "$kept" w where final_revision is not null
  union all
  select ${['window_start', keyObject(windows), 'revision + 1', lastContents(table), 'true'].join(', ')}
  from ${['"$gone" w', ...itemJoins(table, 'w')].join(' ')} where final_revision is not null`;
}

/** What merges the items of one measure: those of sessions that are gone move to the start of the session that took them in. */
function itemParts({ name, key, keyed, parts }: Stored, { at, keys, groups, folded }: Arrays, number: number): string {
  const [moved, left, merged] = ['moved', 'left', 'merged'].map((word) => `"$${word}_${number}"`);
  const columns = key.map((column) => quoteName(column.name));
  const partColumns = parts.map(({ column }) => quoteName(column));
  const [k, p] = [numbered('k', key.length), numbered('p', parts.length)];
  const ofWindow = numbered('k', keyed, 'o').map((each, i) => ` and w.${columns[i]} = ${each}`);
  const home = keys.slice(0, keyed).map((each, i) => ` and o.k${i} = ${each}`);
  return `, ${moved} as materialized (
    select item.*, o.start from (select * from "$islands" where first > start and place is not null) o cross join lateral (
      select ${['w.ctid as place', ...named(ofRow(columns), 'k'), ...named(ofRow(partColumns), 'p')].join(', ')}
      from ${quoteName(name)} w where w.window_start = o.first${ofWindow.join('')} offset 0
    ) item
  ), ${left} as (
    delete from ${quoteName(name)} where ctid = any (array(select place from ${moved}))
  ), ${merged} as (
    insert into ${quoteName(name)} as w (${['window_start', ...columns, ...partColumns].join(', ')})
    select ${['start', ...k, ...parts.map((part, i) => totalPart(part, `p${i}`))].join(', ')}
    from (
      select ${['start', ...k, ...p].join(', ')} from ${moved}
      union all
      select ${['o.start', ...keys, ...numbered('p', parts.length, 'f')].join(', ')}
      from (${folded}) f join ${groups} using (grp) join "$islands" o on o.place is null and o.first = ${at}${home.join('')}
    ) items
    group by ${['start', ...k].join(', ')} order by ${['start', ...k].join(', ')}
    on conflict (${['window_start', ...columns].join(', ')}) do update
    set ${parts.map((part) => `${quoteName(part.column)} = ${mergedPart(part, part.column)}`).join(', ')}
  )`;
}

const ofRow = (columns: readonly string[]): string[] => columns.map((column) => `w.${column}`);

const keyObject = ({ key }: Stored): string =>
  `jsonb_build_object(${key.map(({ name }) => `${quoteText(name)}, ${quoteName(name)}`).join(', ')})`;

/** A session as it was last, with what is read of its items: those have moved by the time that it is announced. */
function lastContents(table: WindowTable<AnyEvent>): string {
  const items = readingsOf(table)
    .filter(({ ofItems }) => ofItems)
    .map(({ column }) => ` || jsonb_build_object(${quoteText(column)}, ${quoteName(column)})`);
  return `to_jsonb(w.*) || jsonb_build_object('revision', revision + 1)${items.join('')}`;
}
