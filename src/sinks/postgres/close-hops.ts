import type { Pipeline } from '../../pipeline.ts';
import type { HoppingTable } from '../hopping-table.ts';
import { fence, LIMIT, PASSED, reached } from './closing.ts';
import { sqlType } from './ddl.ts';
import { interval } from './instant.ts';
import { CLOSED_UNTIL, isOpen, keyOf, paneReadings, startsOf, totalsOf } from './panes.ts';
import { postFinals } from './post-finals.ts';
import { quoteName, quoteText } from './quote.ts';

/**
 * Closes the windows of one end, the earliest that is due: of as many keys as `limit` panes have that are due. In this order:
 *
 * - `$passed` the first keys that have something due, where they are passed over: all of their windows, since a later one takes in what an earlier one holds.
 * - `$hop` the end, `$keys` whose windows are due, `$panes` all that is in them, found by index; `$locked` the same, in the order in which flushes lock.
 * - `$whole` the keys of which no pane changed before it was locked. The others are left for the next statement: items are read as the snapshot has them.
 * - A window none of whose panes was in it when it became final is so now, and is posted. One of whose panes some were has got others since: it is revised,
 *   and announced with all that is. Of such a window `$mark` is the pane that begins last of the first one that was there and the first one that joined:
 *   whatever ends sooner and holds it holds both, so that all of its windows up to this end are revised, and no other pane need say so.
 */
export function closeHopsStatement(
  pipeline: Pipeline,
  table: HoppingTable,
  limit = LIMIT,
  passed = limit === LIMIT ? PASSED : '0',
): string {
  const name = quoteName(table.name);
  const { longest, stored } = table.window;
  const [size, hop] = [interval(longest), interval(stored)];
  const key = keyOf(table);
  const end = '(select "$end" from "$hop")';
  const due = `${isOpen(table)} and ${CLOSED_UNTIL} <= ${reached(pipeline)} - ${hop}`;
  // a limit of 0 asks for nothing
  const unpassed =
    key.length > 0
      ? `(${key.join(', ')}) not in (select ${key.join(', ')} from "$passed")`
      : 'not exists (select from "$passed")';
  const joinWhole = key.length > 0 ? `join "$whole" using (${key.join(', ')})` : 'cross join "$whole"';
  const pairs = Object.keys(table.key).map((column) => `${quoteText(column)}, ${quoteName(column)}`);
  const changed = [
    '"$hop".window_start',
    ...key,
    ...totalsOf(table),
    `sum("$closed".revision)::bigint as revision`,
  ].join(', ');
  return `with ${fence(pipeline)}, "$passed" as materialized (
  select ${['true as "$any"', ...key].join(', ')} from ${name} where ${due}
  group by ${['"$any"', ...key].join(', ')} order by ${[`min(${CLOSED_UNTIL})`, ...key].join(', ')} limit ${passed}
), "$hop" as materialized (
  select "$end" - ${size} as window_start, "$end" from (
    select ${CLOSED_UNTIL} + ${hop} as "$end" from ${name}
    where ${due} and ${unpassed} and exists (select from "$fence")
    order by ${CLOSED_UNTIL} limit 1
  ) as first
), "$keys" as materialized (
  select distinct ${['true as "$any"', ...key].join(', ')} from (
    select ${key.join(', ')} from ${name} where ${isOpen(table)} and ${CLOSED_UNTIL} = ${end} - ${hop} and ${unpassed}
    order by ${[CLOSED_UNTIL, ...key].join(', ')} limit ${limit}
  ) as due
), "$panes" as materialized (
  select ${['ctid as "$place"', 'pane_start', ...key].join(', ')}, coalesce(final_until >= ${end}, false) as "$there" from ${name}
  where pane_start = any (${startsOf(table, '(select window_start from "$hop")')})${amongKeys(key)}
), "$locked" as materialized (
  select ctid as "$place" from ${name} where ctid = any (array(select "$place" from "$panes"))
  order by ${['pane_start', ...key].join(', ')} for update
), "$whole" as materialized (
  select ${[...key, 'bool_or("$there") as "$again"'].join(', ')},
    greatest(min(pane_start) filter (where "$there"), min(pane_start) filter (where not "$there")) as "$mark"
  from "$panes" left join "$locked" using ("$place")
  ${key.length > 0 ? `group by ${key.join(', ')} ` : ''}having count(*) = count("$locked"."$place") and count(*) > 0
), "$joining" as materialized (
  select "$place", "$again" and pane_start = "$mark" as "$marks" from "$panes" ${joinWhole}
  where not "$there" or "$again" and pane_start = "$mark"
), "$closed" as (
  update ${name} w set final_until = ${end}, final_at = coalesce(final_at, clock_timestamp())
  where ctid = any (array(select "$place" from "$joining" where not "$marks")) returning w.*
), "$marked" as (
  update ${name} w set final_until = greatest(final_until, ${end}), revised_until = greatest(revised_until, ${end}), final_at = coalesce(final_at, clock_timestamp())
  where ctid = any (array(select "$place" from "$joining" where "$marks")) returning 1
), "$revised" as (
  insert into scalestream.revised (pipeline, window_table, window_start, key, revision)
  select ${quoteText(pipeline.name)}, ${quoteText(table.name)}, "$hop".window_start, jsonb_build_object(${pairs.join(', ')}), 1
  from "$whole" cross join "$hop" where "$again" order by 4
  on conflict (pipeline, window_table, window_start, key) do update
  set revision = revised.revision + 1, contents = null, revised_at = clock_timestamp()
  returning 1
), "$changed" as (${read(
    table,
    `
  select ${changed} from "$closed" ${joinWhole} cross join "$hop"
  where not "$again" group by ${['"$hop".window_start', ...key].join(', ')}`,
  )})${postFinals(pipeline, table, false)
    .map((part) => `, ${part}`)
    .join('')}
select (select count(*) from "$changed")::int as n, (select count(*) from "$fence")::int as fenced,
  (select count(*) from "$keys") > 0 as left`;
}

/** Panes of one start lie in the order of their keys: what is between the first and the last of the keys is a range of the primary key. */
function amongKeys(key: readonly string[]): string {
  if (key.length === 0) return '';
  const row = `(${key.join(', ')})`;
  const edge = (order: string): string =>
    `(select ${key.join(', ')} from "$keys" order by ${key.map((column) => `${column} ${order}`).join(', ')} limit 1)`;
  return `
    and ${row} >= ${edge('asc')} and ${row} <= ${edge('desc')} and ${row} in (select ${key.join(', ')} from "$keys")`;
}

/**
 * Announces windows that changed since they were final, with what their panes hold. What is announced are entries as the snapshot has them, so the panes that
 * it has are those that made the entry. A pane that came to be since is not in the window before that is closed with it, and revised.
 */
export function announceHopsStatement(
  pipeline: Pipeline,
  table: HoppingTable,
  limit = LIMIT,
  passed = limit === LIMIT ? PASSED : '0',
): string {
  const key = keyOf(table);
  const columns = Object.entries(table.key).map(([column, { type }]) => `${quoteName(column)} ${sqlType[type]}`);
  const typed = key.length > 0 ? `cross join lateral jsonb_to_record("$key") as "$keys" (${columns.join(', ')})` : '';
  const start = '"$announced".window_start';
  const same = key.map((column) => ` and "$w".${column} = "$keys".${column}`).join('');
  return `with ${fence(pipeline)}, "$due" as materialized (
  select ctid as place from scalestream.revised
  where pipeline = ${quoteText(pipeline.name)} and window_table = ${quoteText(table.name)} and revision > announced and exists (select from "$fence")
  order by window_start, key limit ${limit} offset ${passed} for update
), "$announced" as (
  update scalestream.revised set announced = revision, revised_at = clock_timestamp()
  where ctid = any (array(select place from "$due"))
  returning window_start, key as "$key"
), "$changed" as (${read(
    table,
    `
  select ${[start, ...key.map((column) => `"$keys".${column}`), '"$panes".*'].join(', ')}
  from "$announced" ${typed} cross join lateral (
    select ${[...totalsOf(table), 'sum(revision)::bigint as revision', 'array_agg(pane_start) as "$starts"'].join(', ')} from ${quoteName(table.name)} as "$w"
    where pane_start = any (${startsOf(table, start)}) and final_until >= ${start} + ${interval(table.window.longest)}${same} having count(*) > 0
  ) as "$panes"`,
  )})${postFinals(pipeline, table, true)
    .map((part) => `, ${part}`)
    .join('')}
select (select count(*) from "$changed")::int as n, (select count(*) from "$fence")::int as fenced, (select count(*) from "$due") = ${limit} as left`;
}

/** Windows with what is computed of their parts, as the row of a window that does not overlap has it. */
const read = (table: HoppingTable, windows: string): string =>
  `select ${['*', ...paneReadings(table)].join(', ')} from (${windows}\n  ) as "$merged"`;
