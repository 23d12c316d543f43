import { BUCKETS_DDL } from './buckets.ts';
import { addColumn } from './alter.ts';
import { COMPARISON_DDL } from './comparison.ts';
import { OUTBOX_DDL } from './outbox-ddl.ts';
import { TIME_DDL, TIME_FUNCTIONS } from './time-ddl.ts';

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
  frontier timestamptz,
  retired_at timestamptz
);
${addColumn('scalestream.tables', 'frontier', 'timestamptz')}
comment on column scalestream.tables.horizon is 'Event tables: the oldest event time accepted; it only moves forward';
comment on column scalestream.tables.frontier is 'Event tables that divert: windows that end here or before are closed; it only moves forward';

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

${TIME_FUNCTIONS}${TIME_DDL}${OUTBOX_DDL}${COMPARISON_DDL}${BUCKETS_DDL}
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
