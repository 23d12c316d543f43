import type { Pipeline } from '../../pipeline.ts';
import { classify } from './classify.ts';
import type { Connection } from './connect.ts';
import { quoteName, quoteText } from './quote.ts';
import { SILENT } from './time-ddl.ts';

/** What only the database knows of a pipeline, cheap enough to be asked for every few seconds. */
export interface Standing {
  /** Those given up count for a quarter of an hour. */
  readonly workers: { readonly live: number; readonly silent: number; readonly dead: number };
  /** What the watermark waits for, as the view `scalestream.holds` has it: a message in custody, the next look into an empty queue, or what should not be. */
  readonly hold: 'message' | 'empty-queue' | 'new-worker' | 'silent-worker' | 'unread-source' | 'no-workers';
  /** Partitions of the event table: days. */
  readonly partitions: number;
  /** What is to be delivered, by branch; 100,000 stands for that many or more. */
  readonly outbox: readonly {
    readonly branch: string;
    readonly backlog: number;
    readonly failing: number;
    /** Seconds since the oldest of them became final. */
    readonly oldest: number;
  }[];
}

const MOST_BACKLOG = 100_000;

/**
 * Reads how a pipeline stands, in one statement. `readStatus` says more, and counts windows for it.
 *
 * @returns `undefined` where the database does not know the pipeline.
 * @throws StoreError when the database cannot be asked.
 */
export async function readStanding(connection: Connection, pipeline: Pipeline): Promise<Standing | undefined> {
  try {
    const [row] = await connection.run<{ standing: string }>(statement(pipeline), [pipeline.name]);
    return row && (JSON.parse(row.standing) as Standing);
  } catch (error) {
    throw classify(error, pipeline.events.name);
  }
}

const statement = ({ events }: Pipeline): string => `
with known as (
  select *, case when ended_at is not null then 'ended' when expires_at <= clock_timestamp() then 'dead' when ${SILENT} then 'silent' else 'live' end as state
  from scalestream.workers where pipeline = $1::text
), alive as (select * from known where state in ('live', 'silent')), waits as (
  select low, instance, case when state = 'silent' then 'silent-worker' when low is null then 'new-worker' when holding then 'message' else 'empty-queue' end as reason
  from alive
  union all
  select null, null, case when exists (select from alive) then 'unread-source' else 'no-workers' end
  from scalestream.sources s where s.pipeline = $1::text and not exists (select from alive where s.source = any (alive.sources))
), left_over as (
  select branch, posted_at, error from scalestream.outbox where pipeline = $1::text limit ${MOST_BACKLOG}
)
select json_build_object(
  'workers', (select json_build_object('live', count(*) filter (where state = 'live'), 'silent', count(*) filter (where state = 'silent'),
    'dead', count(*) filter (where state = 'dead' and expires_at > clock_timestamp() - interval '15 minutes')) from known),
  'hold', coalesce((select reason from waits order by low nulls first, instance nulls first limit 1), 'no-workers'),
  'partitions', (select count(*) from pg_inherits where inhparent = to_regclass(${quoteText(quoteName(events.name))})),
  'outbox', (select coalesce(json_agg(json_build_object('branch', branch, 'backlog', backlog, 'failing', failing, 'oldest', oldest) order by branch), '[]') from (
    select branch, count(*) as backlog, count(error) as failing, greatest(0, scalestream.seconds_since(min(posted_at))) as oldest from left_over group by branch) as branches)
)::text as standing
from scalestream.pipelines where name = $1::text`;
