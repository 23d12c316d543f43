import type { Dropped } from '../../dropped.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { Connection } from './connect.ts';
import { FORGET, forgetIds } from './id-table.ts';
import { partitionsAhead } from './migrate.ts';
import { quoteName, quoteText } from './quote.ts';

/**
 * Makes partitions ahead, moves the retention horizon and drops what is behind it. Each step is a statement of its own that may run beside any other
 * worker's, and be cut off anywhere: the next time goes on. What was dropped is told, also before a failure.
 */
export function retention(
  connection: Connection,
  pipeline: Pipeline,
): (onDropped?: (dropped: Dropped) => void) => Promise<void> {
  const { events } = pipeline;
  const forget = forgetIds(pipeline);
  return async (onDropped = () => undefined) => {
    await connection.script(partitionsAhead(events));
    await connection.run(FORGET_WORKERS, [pipeline.name]);
    if (forget) await repeatedly(connection, forget);
    if (events.keepDays === undefined) return;
    const [row] = await connection.run<{ due: boolean }>(dueStatement(events.name, events.keepDays));
    if (row?.due) await connection.script(horizonScript(events.name, events.keepDays));
    const days: string[] = [];
    try {
      for (const partition of await connection.run<Partition>(OLD, [events.name])) {
        await drop(connection, events.name, partition);
        days.push(partition.day);
      }
    } finally {
      if (days.length > 0) onDropped({ table: events.name, keepDays: events.keepDays, days });
    }
  };
}

/** Most statements that forget ids in one run: what is left is for the next one, so that the horizon moves meanwhile. */
const MOST_FORGETS = 100;

async function repeatedly(connection: Connection, forget: string): Promise<void> {
  let n = FORGET;
  for (let i = 0; i < MOST_FORGETS && n === FORGET; i++) n = (await connection.run<{ n: number }>(forget))[0]?.n ?? 0;
}

/** A partition whose every event is older than the horizon. */
interface Partition {
  readonly name: string;
  readonly day: string;
  readonly state: 'attached' | 'pending' | 'detached';
}

const FORGET_WORKERS = `delete from scalestream.workers
where pipeline = $1::text and coalesce(ended_at, expires_at) < clock_timestamp() - interval '7 days'`;

/** The start of the oldest day that is kept. */
const kept = (days: number): string => `date_trunc('day', now() - interval '${days} days', 'UTC')`;

const dueStatement = (table: string, days: number): string =>
  `select horizon < ${kept(days)} as due from scalestream.tables where name = ${quoteText(table)}`;

/** Flushes hold the row for share, and overlap; a table lock is granted in turn, as in a migration. */
const horizonScript = (table: string, days: number): string => `
lock table scalestream.tables in exclusive mode;
update scalestream.tables set horizon = greatest(horizon, ${kept(days)}) where name = ${quoteText(table)};`;

/** What a table is called that was detached to be dropped: a copy that somebody made has another comment, or none. */
const MARK = 'a partition to be dropped';

const OLD = `
with days as (
  select c.oid, c.relname, to_date(right(c.relname, 8), 'YYYYMMDD') as day, i.inhrelid, i.inhdetachpending
  from pg_class c join pg_class parent on parent.oid = to_regclass(quote_ident($1::text)) and parent.relnamespace = c.relnamespace
  left join pg_inherits i on i.inhrelid = c.oid and i.inhparent = parent.oid
  where c.relkind = 'r' and c.relname ~ ('^' || $1::text || '_[0-9]{8}$')
    and (i.inhrelid is not null or obj_description(c.oid, 'pg_class') = ${quoteText(MARK)})
)
select relname as name, to_char(day, 'YYYY-MM-DD') as day, case when inhrelid is null then 'detached' when inhdetachpending then 'pending' else 'attached' end as state
from days join scalestream.tables t on t.name = $1::text
where (day + 1)::timestamp at time zone 'UTC' <= t.horizon order by day`;

async function drop(connection: Connection, table: string, { name, state }: Partition): Promise<void> {
  const [parent, partition] = [quoteName(table), quoteName(name)];
  if (state === 'attached') {
    await connection.run(`comment on table ${partition} is ${quoteText(MARK)}`);
    // Waits for readers and holds up nobody; cut off, it is pending and can be finished.
    await connection.run(`alter table ${parent} detach partition ${partition} concurrently`);
  }
  if (state === 'pending') await connection.run(`alter table ${parent} detach partition ${partition} finalize`);
  await connection.run(`drop table ${partition}`);
}
