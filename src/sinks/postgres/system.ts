/** The engine's own tables. Every statement is idempotent; `migrate` runs them under a lock. */
export const SYSTEM_DDL = `
create schema if not exists scalestream;

create table if not exists scalestream.pipelines (
  name text primary key,
  version text not null,
  layout text not null,
  migrated_at timestamptz not null default now()
);
comment on table scalestream.pipelines is 'The version fence: a flush of another version writes nothing';
comment on column scalestream.pipelines.layout is 'Fingerprint of the last migration: the same again has nothing to do';

create table if not exists scalestream.tables (
  name text primary key,
  pipeline text not null,
  shape jsonb not null,
  horizon timestamptz,
  retired_at timestamptz
);
comment on column scalestream.tables.horizon is 'Event tables: the oldest event time accepted; it only moves forward';

create table if not exists scalestream.workers (
  pipeline text not null,
  worker text not null,
  oldest_held timestamptz,
  committed bigint not null,
  started_at timestamptz not null default clock_timestamp(),
  seen_at timestamptz not null default clock_timestamp(),
  primary key (pipeline, worker)
) with (fillfactor = 50);
comment on column scalestream.workers.oldest_held is 'When the oldest message in the worker''s custody was sent, at its last flush';

create table if not exists scalestream.rejects (
  pipeline text not null,
  identity text not null,
  reason text not null,
  detail text not null,
  stage text not null,
  source text not null,
  message_id text not null,
  ordinal integer not null,
  sent_at timestamptz not null,
  rejected_at timestamptz not null default clock_timestamp(),
  body bytea not null,
  primary key (pipeline, identity)
);

create table if not exists scalestream.revised (
  pipeline text not null,
  window_table text not null,
  window_start timestamptz not null,
  key jsonb not null,
  revision bigint not null,
  primary key (pipeline, window_table, window_start, key)
);
comment on table scalestream.revised is 'Windows that changed after they were final, until they are announced';

create or replace function scalestream.add_partition(parent text, day date) returns void language plpgsql as $$
declare
  child text := parent || '_' || to_char(day, 'YYYYMMDD');
  low timestamptz := day::timestamp at time zone 'UTC';
  high timestamptz := (day + 1)::timestamp at time zone 'UTC';
begin
  perform pg_advisory_xact_lock(hashtextextended('scalestream partition ' || parent, 0));
  if exists (select 1 from pg_inherits where inhrelid = to_regclass(quote_ident(child))) then
    return;
  end if;
  -- A worker that does not know yet that the horizon moved: its flush will tell it.
  if exists (select 1 from scalestream.tables where name = parent and horizon >= high) then
    return;
  end if;
  -- Create, then attach: ATTACH takes a lock that flushes and readers do not wait for; CREATE … PARTITION OF would block behind one reader.
  execute format('create table if not exists %I (like %I including defaults including constraints)', child, parent);
  execute format('alter table %I attach partition %I for values from (%L) to (%L)', parent, child, low, high);
end
$$;
`;
