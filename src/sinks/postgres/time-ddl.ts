import { addColumn, replaceView } from './alter.ts';

/** Workers give a sign of life every two seconds, somewhat later on a slow database. One that is silent for longer was killed, stands still, or is cut off. */
export const SILENT = `seen_at < clock_timestamp() - interval '15 seconds'`;

const HOLDS = `
with live as (select * from scalestream.workers where ended_at is null and expires_at > clock_timestamp())
select pipeline, low, case
    when ${SILENT} then format('by worker %s%s: no sign of life for %s s; given up in %s s unless it comes back',
      worker, ' (source ' || low_source || ')', round(scalestream.seconds_since(seen_at)), -floor(scalestream.seconds_since(expires_at)))
    when low is null then format('by worker %s, which has not looked into its queue yet', worker)
    when holding then format('by worker %s (source %s): a message sent %s s ago', worker, low_source, scalestream.seconds_since(low))
    else format('by worker %s (source %s): it saw an empty queue %s s ago', worker, low_source, scalestream.seconds_since(low))
  end as reason, instance
from live
union all
select s.pipeline, null, case when exists (select from live l where l.pipeline = s.pipeline)
    then format('no worker reads source %s. Fix: start one, or scalestream tick PIPELINE.ts --forget %s', s.source, s.source)
    else 'no workers' end, null
from scalestream.sources s
where not exists (select from live l where l.pipeline = s.pipeline and s.source = any (l.sources))`;

const STATUS = `
select p.name as pipeline, w.watermark, clock_timestamp() - w.watermark as lag,
  coalesce((select h.reason from scalestream.holds h where h.pipeline = p.name order by h.low nulls first, h.instance nulls first limit 1), 'no workers') as held
from scalestream.pipelines p left join scalestream.watermarks w on w.pipeline = p.name`;

/** The engine's own tables that are about time, and what a person asks of them. Idempotent, as all of `SYSTEM_DDL`. */
export const TIME_DDL = `
do $$ begin
  -- Until 0.1 a worker's row was known by its name: a successor of the same name hid what its predecessor still held.
  if to_regclass('scalestream.workers') is not null and not exists (
    select from pg_attribute where attrelid = to_regclass('scalestream.workers') and attname = 'told_at'
  ) then
    drop table scalestream.workers cascade;
  end if;
end $$;

create table if not exists scalestream.workers (
  pipeline text not null,
  instance text not null,
  worker text not null,
  sources text[] not null,
  queues text[] not null,
  report bigint not null default 0,
  low timestamptz,
  low_source text,
  holding boolean not null default false,
  committed bigint not null default 0,
  late bigint not null default 0,
  diverted bigint not null default 0,
  delays bigint[] not null default '{}',
  vitals jsonb,
  started_at timestamptz not null default clock_timestamp(),
  seen_at timestamptz not null default clock_timestamp(),
  told_at timestamptz,
  woken_at timestamptz,
  expires_at timestamptz not null,
  ended_at timestamptz,
  primary key (pipeline, instance)
) with (fillfactor = 50);
comment on table scalestream.workers is 'One row a worker process, kept for a week after its end';
comment on column scalestream.workers.low is 'Everything sent before this was seen, as far as the worker can tell: the oldest message in its custody, or the start of its last look at an empty queue; null: it has not looked yet';
${addColumn('scalestream.workers', 'woken_at', 'timestamptz')}
${addColumn('scalestream.workers', 'vitals', 'jsonb')}
comment on column scalestream.workers.woken_at is 'When somebody else let it live on, after a silence of all; once between two reports of its own';
comment on column scalestream.workers.told_at is 'Its last report; a flush is a sign of life, and no report';
comment on column scalestream.workers.vitals is 'How it did over the ten seconds before its last report: rates by second, shares of time by stage, memory, retries';
comment on column scalestream.workers.expires_at is 'Without a report until then it is dead, and the queue has delivered what it held to others';
comment on column scalestream.workers.delays is 'Events by how late they came, since the worker began: from event time to when their message was sent';

create table if not exists scalestream.sources (
  pipeline text not null,
  source text not null,
  added_at timestamptz not null default clock_timestamp(),
  primary key (pipeline, source)
);
comment on table scalestream.sources is 'Sources that have fed a pipeline; the watermark waits for each. scalestream tick --forget removes one that will not come back';

create table if not exists scalestream.watermarks (
  pipeline text primary key,
  watermark timestamptz,
  moved_at timestamptz not null default clock_timestamp()
) with (fillfactor = 50);
comment on table scalestream.watermarks is 'The event time up to which a pipeline believes it has seen everything; it only moves forward';

create table if not exists scalestream.revised (
  pipeline text not null,
  window_table text not null,
  window_start timestamptz not null,
  key jsonb not null,
  revision bigint not null,
  announced bigint not null default 0,
  revised_at timestamptz not null default clock_timestamp(),
  contents jsonb,
  removed boolean not null default false,
  primary key (pipeline, window_table, window_start, key)
);
${addColumn('scalestream.revised', 'announced', 'bigint not null default 0')}
${addColumn('scalestream.revised', 'revised_at', 'timestamptz not null default clock_timestamp()')}
${addColumn('scalestream.revised', 'contents', 'jsonb')}
${addColumn('scalestream.revised', 'removed', 'boolean not null default false')}
comment on column scalestream.revised.removed is 'A session that was taken in by one that begins earlier, and is gone';
comment on table scalestream.revised is 'Windows that changed after they were final; kept for an hour after they were announced';
create index if not exists "revised$due" on scalestream.revised (pipeline, window_table, window_start, key) where revision > announced;
drop index if exists scalestream."revised$pending"; -- until 0.1: without the key
create index if not exists "revised$announced" on scalestream.revised (pipeline, revised_at) where revision = announced;

${replaceView('scalestream.holds', HOLDS)}
comment on view scalestream.holds is 'What holds each watermark: the row with the smallest low, null being smallest';

${replaceView('scalestream.status', STATUS)}
comment on view scalestream.status is 'How far each pipeline is, and what it waits for';
`;

/** Needed by the views, so it is made before them. */
export const TIME_FUNCTIONS = `
create or replace function scalestream.seconds_since(past timestamptz) returns numeric language sql volatile as
$$ select round(extract(epoch from clock_timestamp() - past)::numeric, 1) $$;
`;
