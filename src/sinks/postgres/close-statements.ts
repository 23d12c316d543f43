import type { AnyEvent } from '../../event-table.ts';
import type { Pipeline } from '../../pipeline.ts';
import { storedOf } from '../../stored.ts';
import type { WindowTable } from '../../window-table.ts';
import { isHopping } from '../hopping-table.ts';
import { announceHopsStatement, closeHopsStatement } from './close-hops.ts';
import { fence, LIMIT, PASSED, reached } from './closing.ts';
import { aloneOf, isWhole, pendingOf } from './closing-over.ts';
import { primaryOf } from './ddl.ts';
import { interval } from './instant.ts';
import { storesEnd } from './merges.ts';
import { postFinals } from './post-finals.ts';
import { quoteName, quoteText } from './quote.ts';
import { mayBeRemoved, REMOVED } from './removed.ts';

const counted = 'select (select count(*) from "$changed")::int as n, (select count(*) from "$fence")::int as fenced';

/**
 * `$due` locks the rows in the order in which flushes lock: what a flush merges into a window is either in what becomes final, or revises it. `$changed` are the
 * same rows, reached by the index of those that are open and by where the last of them is: a join would read the whole table.
 */
export function finaliseStatement(
  pipeline: Pipeline,
  table: WindowTable<AnyEvent>,
  limit = LIMIT,
  passed = limit === LIMIT ? PASSED : '0',
): string {
  if (isHopping(table)) return closeHopsStatement(pipeline, table, limit, passed);
  const name = quoteName(table.name);
  const primary = primaryOf(table);
  const ends = storesEnd(table) ? 'window_end' : 'window_start';
  const end = `${reached(pipeline)}${table.window.stored === undefined ? '' : ` - ${interval(table.window.stored)}`}`;
  // No session ends earlier than a gap after its start, by which the open ones are found.
  const begun =
    table.window.kind === 'session' ? ` and window_start <= ${end} - ${interval(table.window.longest)}` : '';
  const due = isInOrder(table) ? primary.join(', ') : 'ctid as place';
  const changed = isInOrder(table)
    ? `final_revision is null and ${between(primary)}`
    : `ctid = any (array(select place from "$due"))`;
  return `with ${fence(pipeline)}${aloneOf(table).part}${pendingOf(pipeline, table)}, "$due" as materialized (
  select ${due} from ${name} w
  where final_revision is null and ${ends} <= ${end}${begun} and exists (select from "$fence")${aloneOf(table).holds}${isWhole(pipeline, table)}
  order by ${primary.join(', ')} limit ${limit} offset ${passed} for update
), "$changed" as (
  update ${name} w set final_revision = w.revision, final_at = clock_timestamp()
  where ${changed}
  returning w.*
)${postFinals(pipeline, table, false)
    .map((part) => `, ${part}`)
    .join('')}
${counted}`;
}

/**
 * Whether windows that begin later end later, and all that is known of one is in its row. Otherwise what is closed, or announced, is what is locked as the
 * statement's snapshot has it: a row that changed since is left for the next tick, since items are read in the snapshot, and a later end may be due no more.
 */
const isInOrder = (table: WindowTable<AnyEvent>): boolean =>
  !storesEnd(table) && storedOf(table).length === 1 && table.over === undefined;

/**
 * What was revised since it was announced last: a revision and what the window held then, both of the flush that made it. One that comes meanwhile is
 * announced next time.
 */
export function announceStatement(
  pipeline: Pipeline,
  table: WindowTable<AnyEvent>,
  limit = LIMIT,
  passed = limit === LIMIT ? PASSED : '0',
): string {
  if (isHopping(table)) return announceHopsStatement(pipeline, table, limit, passed);
  const due = isInOrder(table) ? 'window_start, key' : 'ctid as place';
  const announced = (pending: string): string =>
    isInOrder(table)
      ? `${pending} and ${between(['window_start', 'key'])}`
      : `ctid = any (array(select place from "$due"))`;
  const pending = `pipeline = ${quoteText(pipeline.name)} and window_table = ${quoteText(table.name)} and revision > announced`;
  return `with ${fence(pipeline)}${aloneOf(table).part}, "$due" as materialized (
  select ${due} from scalestream.revised
  where ${pending} and exists (select from "$fence")${aloneOf(table).holds} order by window_start, key limit ${limit} offset ${passed} for update
), "$announced" as (
  update scalestream.revised set announced = revision, revised_at = clock_timestamp()
  where ${announced(pending)}
  returning contents, removed
), "$changed" as (
  select w.*${mayBeRemoved(table) ? `, ${REMOVED}` : ''} from "$announced" as announced cross join lateral jsonb_populate_record(null::${quoteName(table.name)}, announced.contents) as w
)${postFinals(pipeline, table, true)
    .map((part) => `, ${part}`)
    .join('')}
${counted}`;
}

/** From the first to the last row of `"$due"`: those that were passed over come before. */
function between(primary: readonly string[]): string {
  const row = primary.join(', ');
  const edge = (order: string): string =>
    `(select ${row} from "$due" order by ${primary.map((column) => `${column} ${order}`).join(', ')} limit 1)`;
  return `(${row}) >= ${edge('asc')} and (${row}) <= ${edge('desc')}`;
}
