/** Final windows on their way out of the database. Idempotent, as all of `SYSTEM_DDL`. */
export const OUTBOX_DDL = `
create table if not exists scalestream.outbox (
  pipeline text not null,
  branch text not null,
  delivery text not null,
  line text not null,
  seq bigint generated always as identity,
  body json not null,
  posted_at timestamptz not null default clock_timestamp(),
  attempts integer not null default 0,
  next_at timestamptz not null default clock_timestamp(),
  claim text,
  error text,
  primary key (pipeline, branch, delivery)
);
create index if not exists "outbox$next" on scalestream.outbox (pipeline, branch, next_at, seq);
create index if not exists "outbox$line" on scalestream.outbox (pipeline, branch, line, seq);
drop index if exists scalestream."outbox$due"; -- until 0.1: not in the order of claims
comment on table scalestream.outbox is 'Final windows that a branch has still to deliver. A row goes when it arrived; those of a branch that is no longer declared stay';
comment on column scalestream.outbox.line is 'Names window table and key: a FIFO queue gets the rows of one line in the order of seq';
comment on column scalestream.outbox.next_at is 'When it is tried; while it is claimed, when it is tried again should the claimant have died';
comment on column scalestream.outbox.error is 'Why it did not arrive the last time';
`;
