import type { Pipeline } from '../../pipeline.ts';
import { comparedBy, CONTENT } from '../../event-table.ts';
import { claimedIds } from './id-table.ts';
import { instant } from './instant.ts';
import { mergesOf } from './merges.ts';
import { quoteName, quoteText, RECORD_SEPARATOR } from './quote.ts';

/**
 * The one statement of a pipeline: everything that a flush does to the world. Its text depends on the declarations alone, never on the batch.
 *
 * - `fence` locks the pipeline's version and the event table's horizon for share, and says which windows are final; without both, or where windows
 *   further on than the flush knew are final, nothing below writes. `late` are events of such windows.
 * - `source` are the events, `inserted` those the unique index had not seen: the one decision. Where the id alone decides, `claimed` comes before it: the
 *   ids that are new, or that were last seen too long ago in event time; only what will count claims, see {@link claimedIds}. `stale` are the positions of the others; nearly always there are none, and then
 *   nothing is joined to find that out.
 * - per window table, the contributions of all but stale events are summed by group and merged in the order of (window, key).
 * - `revised` remembers windows that changed after they were final, `rejected` keeps rejects, `progress` counts for the worker.
 *
 * Every insert is sorted, so that concurrent flushes lock rows in one order and cannot deadlock. The final select reads the parts in a fixed
 * order, which is also the order in which they run: ids, raw events, window tables by declaration, of which sessions come last, the rest.
 */
export function flushStatement(pipeline: Pipeline): string {
  const next = parameters();
  const name = `${next()}::text`;
  const version = `${next()}::text`;
  const horizon = instant(`${next()}::text::bigint`);
  const bound = instant(`${next()}::text::bigint`);
  const suspects = [`unnest(${next()}::text::int[])`, `unnest(${next()}::text::bigint[])`];
  const { events, windows } = pipeline;
  const trace = windows.length > 0 ? `${next()}::text` : '';
  const divert = events.late === 'divert';
  const by = comparedBy(events);
  const columns = Object.entries(events.columns);
  const extra = columns.map(([column]) => quoteName(column));
  const inputs = [
    `unnest(${next()}::text::${events.id.type}[])`,
    `unnest(${next()}::text::bigint[])`,
    ...(events.whole ? [`string_to_table(${next()}::text, ${quoteText(RECORD_SEPARATOR)})`] : []),
    ...(by === 'hash' ? [`unnest(${next()}::text::uuid[])`] : []),
    ...columns.map(([, column]) => `unnest(${next()}::text::${column.type}[])`),
  ];
  const raw = [...(events.whole ? ['event'] : []), ...(by === 'hash' ? [CONTENT] : []), ...extra];
  const given = ['"$id"', '"$us"', ...raw, '"$position"'];
  const stored = ['event_time', 'event_id', 'counted', ...raw];
  const selected = stored.map((column) =>
    column === 'counted' && events.dedupe ? 'counted and latest = event_time' : column,
  );
  const cast = raw.map((column) => `given.${column}${column === 'event' ? '::json' : ''}`);
  const reached = `(select watermark from scalestream.watermarks where pipeline = ${name}) - interval '${events.lateness} milliseconds'`;
  const counted = divert ? `given."$position" not in (select position from late)` : 'true';
  const merges = windows.flatMap((table, i) => mergesOf(table, `merged_${i + 1}`, { next, trace }));
  const changes = merges.flatMap(({ changed }) => changed ?? []);
  const inOrder = merges.toSorted((a, b) => Number(a.last ?? false) - Number(b.last ?? false));
  const counts = inOrder.map(({ name, began }) => `(select count(*) filter (where ${began}) from ${name})`);
  const instance = next();
  const lifeMs = next();
  const rejects = next();
  return `with ${divert ? `gate as materialized (select pg_advisory_xact_lock_shared(${gateKey(events.name)})), ` : ''}fence as materialized (
  select ${divert ? 't.frontier' : `${reached} as frontier`} from scalestream.pipelines p, scalestream.tables t
  where ${divert ? '(select count(*) from gate) = 1 and ' : ''}p.name = ${name} and p.version = ${version} and t.name = ${quoteText(events.name)} and t.horizon = ${horizon}
    and coalesce(${divert ? 't.frontier' : reached} <= ${bound}, true)
  for share of p, t
), late as materialized (
  select suspects.position from fence, rows from (${suspects.join(', ')}) as suspects (position, us) where ${instant('suspects.us')} <= fence.frontier
), source as materialized (
  select ${instant('given."$us"')} as event_time, given."$id" as event_id, ${counted} as counted, ${[...cast, 'given."$position"'].join(', ')}
  from fence, rows from (${inputs.join(', ')}) with ordinality as given (${given.join(', ')})
), ${events.dedupe ? `${claimedIds(events)}, ` : ''}inserted as (
  insert into ${quoteName(events.name)} (${stored.join(', ')})
  select ${selected.join(', ')} from source${events.dedupe ? ' join admitted using (event_id)' : ''} order by event_time, event_id
  on conflict do nothing returning event_time, event_id, counted
), stale as materialized (
  select source."$position" as position, inserted.counted is null as known from source left join inserted using (event_time, event_id)
  where inserted.counted is not true and (select count(*) from inserted where counted) < (select count(*) from source)
)${merges.map((merge) => `, ${merge.text}`).join('')}, revised as (
  insert into scalestream.revised (pipeline, window_table, window_start, key, revision, contents, removed)
  select ${name}, changed.* from (${changes.join(' union all ') || EMPTY_CHANGE}) changed
  order by 2, 3, 4
  on conflict (pipeline, window_table, window_start, key) do update
  set revision = greatest(excluded.revision, revised.revision + 1), contents = excluded.contents, removed = excluded.removed, revised_at = clock_timestamp()
  returning 1
), rejected as (
  insert into scalestream.rejects (pipeline, identity, reason, detail, stage, source, message_id, ordinal, sent_at, body)
  select ${name}, r.identity, r.reason, r.detail, r.stage, r.source, r.message_id, r.ordinal, ${instant('r.sent_at * 1000')}, decode(r.body, 'base64')
  from fence, jsonb_to_recordset(${rejects}::text::jsonb)
    as r (identity text, reason text, detail text, stage text, source text, message_id text, ordinal integer, sent_at bigint, body text)
  order by 2
  on conflict do nothing returning 1
), done as (
  select (select count(*) from inserted where counted) as fresh, (select count(*) from inserted where not counted) as diverted,
    (select count(*) from late where position not in (select position from stale)) as late
), progress as (
  update scalestream.workers w
  set committed = w.committed + done.fresh, late = w.late + done.late, diverted = w.diverted + done.diverted,
    seen_at = clock_timestamp(), expires_at = clock_timestamp() + ${lifeMs}::text::bigint * interval '1 millisecond'
  from fence, done where w.pipeline = ${name} and w.instance = ${instance}::text
  returning 1
)
select done.fresh::int, done.late::int, done.diverted::int,
  ${counts.join(' + ') || '0'} as windows,
  (select count(*) from revised)::int as revised,
  (select count(*) from rejected)::int as rejects,
  ${by ? `(select string_agg(position::text, ',') from stale where known)` : 'null'} as repeats,
  (select count(*) from fence)::int as fenced
from done`;
}

/** What closes the windows of a table that diverts waits for the flushes that judged by an earlier frontier, and they for it. */
export const gateKey = (events: string): string =>
  `hashtextextended(${quoteText(`scalestream frontier ${events}`)}, 0)`;

const EMPTY_CHANGE = `select null::text, null::timestamptz, null::jsonb, null::bigint, null::jsonb, null::boolean where false`;

function parameters(): () => string {
  let count = 0;
  return () => `$${++count}`;
}
