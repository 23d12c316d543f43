import { type AnyEvent, type EventTable, idTable } from '../../event-table.ts';
import type { Pipeline } from '../../pipeline.ts';
import { quoteName, quoteText } from './quote.ts';

/**
 * The table of ids beside an event table where the id alone decides: each id with the latest event time it came with. It is not partitioned, since its
 * unique index must not know the time; so it is kept small by {@link forgetIds}.
 */
export function idTableDdl(table: EventTable<AnyEvent>): string {
  const name = quoteName(idTable(table));
  const type = table.id.type === 'text' ? 'text collate "C"' : table.id.type;
  return [
    `create table if not exists ${name} (event_id ${type} primary key, event_time timestamptz not null);`,
    `create index if not exists ${quoteName(`${idTable(table)}$time`)} on ${name} (event_time);`,
  ].join('\n');
}

/**
 * Claims the ids of `source` before anything else is written, in their order: those that are new, or known by events dated further away than `within`.
 * Whoever meets one that is being claimed waits, and then sees it. `latest` is earlier than the event where a later one of its id was seen: such an event
 * cannot be told from a repeat.
 *
 * Where late events are diverted they claim nothing, since a retry that comes in time would then count nowhere: `admitted` are the claims, and late events
 * whose ids nobody has claimed. Of a claim under way they see nothing, and are kept beside it. Their ids are looked up one by one, as they are few: a join would
 * read the whole table.
 */
export function claimedIds(table: EventTable<AnyEvent>): string {
  const within = `interval '${table.dedupe?.within} milliseconds'`;
  const isDiverting = table.late === 'divert';
  const ids = quoteName(idTable(table));
  const claimed = `claimed as (
  insert into ${ids} as known (event_id, event_time)
  select event_id, event_time from source${isDiverting ? ' where counted' : ''} order by event_id${table.id.type === 'text' ? ' collate "C"' : ''}
  on conflict (event_id) do update set event_time = greatest(known.event_time, excluded.event_time)
  where excluded.event_time not between known.event_time - ${within} and known.event_time + ${within}
  returning event_id, event_time as latest
)`;
  if (!isDiverting) return `${claimed}, admitted as (select * from claimed)`;
  return `${claimed}, admitted as (
  select event_id, latest from claimed
  union all
  select event_id, event_time from source
  where not counted and coalesce((
    select source.event_time not between known.event_time - ${within} and known.event_time + ${within} from ${ids} known where known.event_id = source.event_id
  ), true)
)`;
}

/** Most ids that are forgotten at once. */
export const FORGET = 5_000;

/**
 * Forgets ids that no event needs any more that is neither late nor too old: their time is past by `within`, seen from the watermark less the lateness, or
 * from the horizon where that is later. `n` of the row it answers says how many; where it is {@link FORGET}, there may be more. Rows that a flush holds are
 * left for the next time, so it waits for nothing. It needs `scalestream.watermarks` and `scalestream.tables`.
 *
 * @returns `undefined` for a table without ids of its own.
 */
export function forgetIds({ name, events }: Pipeline): string | undefined {
  if (!events.dedupe) return undefined;
  const ids = quoteName(idTable(events));
  const watermark = `(select watermark from scalestream.watermarks where pipeline = ${quoteText(name)})`;
  const horizon = `(select horizon from scalestream.tables where name = ${quoteText(events.name)})`;
  const needed = `greatest(${watermark} - interval '${events.lateness} milliseconds', ${horizon}) - interval '${events.dedupe.within} milliseconds'`;
  return `with due as (
  select event_id from ${ids} where event_time < ${needed} order by event_time limit ${FORGET} for update skip locked
), forgotten as (
  delete from ${ids} where event_id = any (array(select event_id from due)) returning 1
)
select count(*)::int as n from forgotten`;
}
