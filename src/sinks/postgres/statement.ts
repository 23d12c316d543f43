import type { Pipeline } from '../../pipeline.ts';
import type { AnyEvent } from '../../event-table.ts';
import type { WindowTable } from '../../window-table.ts';
import { partsOf } from '../accumulate.ts';
import { quoteName, quoteText, RECORD_SEPARATOR } from './quote.ts';

/**
 * The one statement of a pipeline: everything that a flush does to the world. Its text depends on the declarations alone, never on the batch.
 *
 * - `fence` locks the pipeline's version and the event table's horizon for share; without both, nothing below writes.
 * - `source` are the events, `inserted` those the unique index had not seen: the one decision. `stale` are the positions of the others; nearly
 *   always there are none, and then nothing is joined to find that out.
 * - per window table, the contributions of all but stale events are summed by group and merged in the order of (window, key).
 * - `revised` remembers windows that changed after they were final, `rejected` keeps rejects, `progress` says where the worker is.
 *
 * Every insert is sorted, so that concurrent flushes lock rows in one order and cannot deadlock. The final select reads the parts in a fixed
 * order, which is also the order in which they run: raw events, window tables by declaration, the rest.
 */
export function flushStatement(pipeline: Pipeline): string {
  const next = parameters();
  const name = `${next()}::text`;
  const version = `${next()}::text`;
  const horizon = instant(`${next()}::text::bigint`);
  const { events, windows } = pipeline;
  const columns = Object.entries(events.columns);
  const extra = columns.map(([column]) => quoteName(column));
  const inputs = [
    `unnest(${next()}::text::${events.id.type}[])`,
    `unnest(${next()}::text::bigint[])`,
    ...(events.whole ? [`string_to_table(${next()}::text, ${quoteText(RECORD_SEPARATOR)})`] : []),
    ...columns.map(([, column]) => `unnest(${next()}::text::${column.type}[])`),
  ];
  const raw = [...(events.whole ? ['event'] : []), ...extra];
  const given = ['"$id"', '"$us"', ...raw, '"$position"'];
  const stored = ['event_time', 'event_id', 'counted', ...raw];
  const cast = raw.map((column) => `given.${column}${column === 'event' ? '::json' : ''}`);
  const merges = windows.map((table, i) => mergeOf(table, `merged_${i + 1}`, next));
  const worker = next();
  const held = next();
  const rejects = next();
  return `with fence as materialized (
  select 1 from scalestream.pipelines p, scalestream.tables t
  where p.name = ${name} and p.version = ${version} and t.name = ${quoteText(events.name)} and t.horizon = ${horizon}
  for share of p, t
), source as materialized (
  select ${instant('given."$us"')} as event_time, given."$id" as event_id, true as counted, ${[...cast, 'given."$position"'].join(', ')}
  from fence, rows from (${inputs.join(', ')}) with ordinality as given (${given.join(', ')})
), inserted as (
  insert into ${quoteName(events.name)} (${stored.join(', ')})
  select ${stored.join(', ')} from source order by event_time, event_id
  on conflict do nothing returning event_time, event_id, counted
), stale as materialized (
  select source."$position" as position from source left join inserted using (event_time, event_id)
  where inserted.counted is not true and (select count(*) from inserted where counted) < (select count(*) from source)
)${merges.map((merge) => `, ${merge.text}`).join('')}, revised as (
  insert into scalestream.revised (pipeline, window_table, window_start, key, revision)
  select ${name}, changed.* from (${merges.map((merge) => merge.changed).join(' union all ') || EMPTY_CHANGE}) changed
  order by 2, 3, 4
  on conflict (pipeline, window_table, window_start, key) do update set revision = excluded.revision
  returning 1
), rejected as (
  insert into scalestream.rejects (pipeline, identity, reason, detail, stage, source, message_id, ordinal, sent_at, body)
  select ${name}, r.identity, r.reason, r.detail, r.stage, r.source, r.message_id, r.ordinal, ${instant('r.sent_at * 1000')}, decode(r.body, 'base64')
  from fence, jsonb_to_recordset(${rejects}::text::jsonb)
    as r (identity text, reason text, detail text, stage text, source text, message_id text, ordinal integer, sent_at bigint, body text)
  order by 2
  on conflict do nothing returning 1
), progress as (
  insert into scalestream.workers as w (pipeline, worker, oldest_held, committed)
  select ${name}, ${worker}::text, ${instant(`${held}::text::bigint * 1000`)}, (select count(*) from inserted where counted) from fence
  on conflict (pipeline, worker) do update
  set oldest_held = excluded.oldest_held, committed = w.committed + excluded.committed, seen_at = clock_timestamp()
  returning 1
)
select (select count(*) from inserted)::int as fresh,
  ${merges.map((merge) => `(select count(*) filter (where revision = 1) from ${merge.name})`).join(' + ') || '0'} as windows,
  (select count(*) from revised)::int as revised,
  (select count(*) from rejected)::int as rejects,
  (select count(*) from progress)::int as fenced`;
}

const EMPTY_CHANGE = `select null::text, null::timestamptz, null::jsonb, null::bigint where false`;

/** Microseconds since 1970 as a timestamptz, exactly: a double holds them until 2255. */
const instant = (micros: string): string => `timestamptz 'epoch' + (${micros}) * interval '1 microsecond'`;

function parameters(): () => string {
  let count = 0;
  return () => `$${++count}`;
}

function mergeOf(
  table: WindowTable<AnyEvent>,
  name: string,
  next: () => string,
): { name: string; text: string; changed: string } {
  const parts = partsOf(table);
  const inputs = Object.values(table.measures).filter((measure) => measure.value).length;
  const keys = Object.entries(table.key);
  const keyColumns = keys.map(([column]) => quoteName(column));
  const partColumns = parts.map((part) => quoteName(part.column));
  const values = Array.from({ length: inputs }, (_, i) => `v${i}`);
  const contributions = [
    `unnest(${next()}::text::int[])`,
    `unnest(${next()}::text::int[])`,
    ...values.map(() => `unnest(${next()}::text::numeric[])`),
  ];
  const groups = [
    `unnest(${next()}::text::bigint[])`,
    ...keys.map(([, column]) => `unnest(${next()}::text::${column.type}[])`),
  ];
  const keyNames = keys.map((_, i) => `k${i}`);
  const sums = parts.map((part, i) => `${aggregateOf(part)} as p${i}`);
  const conflict = ['window_start', ...keyColumns].join(', ');
  const sets = parts.map((part) => mergedPart(part.combine, quoteName(part.column)));
  const pairs = keys.map(([column]) => `${quoteText(column)}, ${quoteName(column)}`).join(', ');
  return {
    name,
    text: `${name} as (
  insert into ${quoteName(table.name)} as w (${['window_start', ...keyColumns, ...partColumns].join(', ')})
  select ${[instant('groups.us'), ...keyNames.map((key) => `groups.${key}`), ...parts.map((_, i) => `folded.p${i}`)].join(', ')}
  from (
    select ${['c.grp', ...sums].join(', ')}
    from rows from (${contributions.join(', ')}) as c (${['position', 'grp', ...values].join(', ')})
    where c.position not in (select position from stale)
    group by c.grp
  ) folded
  cross join fence
  join rows from (${groups.join(', ')}) with ordinality as groups (${['us', ...keyNames, 'grp'].join(', ')}) on groups.grp = folded.grp
  order by ${['groups.us', ...keyNames.map((key, i) => `groups.${key}${keys[i]?.[1].type === 'text' ? ' collate "C"' : ''}`)].join(', ')}
  on conflict (${conflict}) do update
  set ${[...sets, 'revision = w.revision + 1', 'updated_at = clock_timestamp()'].join(', ')}
  returning ${['window_start', ...keyColumns, 'revision', 'final_revision'].join(', ')}
)`,
    changed: `select ${quoteText(table.name)}::text, window_start, jsonb_build_object(${pairs}), revision from ${name} where final_revision is not null`,
  };
}

function aggregateOf(part: ReturnType<typeof partsOf>[number]): string {
  if (part.of === 'events') return 'count(*)';
  if (part.of === 'values') return `count(c.v${part.input})`;
  if (part.combine !== 'sum') return `${part.combine}(c.v${part.input})`;
  return `coalesce(sum(c.v${part.input}), 0)${part.type === 'bigint' ? '::bigint' : ''}`;
}

function mergedPart(combine: 'sum' | 'min' | 'max', column: string): string {
  const merged =
    combine === 'sum'
      ? `w.${column} + excluded.${column}`
      : `${combine === 'min' ? 'least' : 'greatest'}(w.${column}, excluded.${column})`;
  return `${column} = ${merged}`;
}
