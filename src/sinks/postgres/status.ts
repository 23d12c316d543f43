import { DELAY_BOUNDS, noDelays } from '../../delays.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { Vitals } from '../../vitals.ts';
import { isHopping } from '../hopping-table.ts';
import { classify } from './classify.ts';
import type { Connection } from './connect.ts';
import { isOpen } from './panes.ts';
import { quoteName, quoteText } from './quote.ts';
import { SILENT } from './time-ddl.ts';

/** How far a pipeline is. Times are RFC 3339, UTC. */
export interface Status {
  readonly pipeline: string;
  /** The version in the database. */
  readonly version: string;
  readonly watermark: string | null;
  /** Seconds that the watermark is behind the database's clock. */
  readonly lag: number | null;
  /** What the watermark waits for. */
  readonly held: string;
  /** Sources that no worker reads. */
  readonly unread: readonly string[];
  /** Windows that ended until then are final. */
  readonly final: string | null;
  readonly workers: readonly WorkerStatus[];
  /** Windows that are open (of hopping ones: panes that are in one), and those that changed within the last hour although they were final. */
  readonly tables: readonly { readonly table: string; readonly open: number; readonly revised: number }[];
  /** What has still to be delivered, by branch; those that are no longer declared too. */
  readonly outbox: readonly BranchStatus[];
  /** Events by how late they came, of the workers of the last week: up to so many milliseconds; the last bucket is without bound. */
  readonly delays: readonly { readonly upToMs: number | null; readonly events: number }[];
}

/** A branch of `whenFinal` with something in the outbox. */
export interface BranchStatus {
  readonly branch: string;
  readonly backlog: number;
  /** When the one that waits longest became final. */
  readonly oldest: string;
  /** Those of the backlog that did not arrive the last time. */
  readonly failing: number;
  /** Why the last of them did not. */
  readonly error: string | null;
}

/** A worker that lives, or ended within the last week. */
export interface WorkerStatus {
  readonly worker: string;
  readonly sources: readonly string[];
  /** `silent`: without a sign of life, and not given up yet; `dead`: given up. */
  readonly state: 'live' | 'silent' | 'ended' | 'dead';
  /** Seconds since its last sign of life. */
  readonly seen: number;
  /** Seconds until it is given up, unless it gives a sign of life. */
  readonly life: number;
  readonly committed: number;
  readonly late: number;
  readonly diverted: number;
  /** How it did before its last report; `null` unless it lives. */
  readonly vitals: Vitals | null;
}

/**
 * Reads how far a pipeline is, in one statement.
 *
 * @returns `undefined` where the database does not know the pipeline.
 * @throws StoreError when the database cannot be asked.
 */
export async function readStatus(connection: Connection, pipeline: Pipeline): Promise<Status | undefined> {
  try {
    const [row] = await connection.run<{ status: string | null }>(statement(pipeline), [pipeline.name]);
    if (!row?.status) return undefined;
    const { delays, ...status } = JSON.parse(row.status) as Omit<Status, 'delays'> & {
      readonly delays: readonly (readonly number[])[];
    };
    const sums = noDelays();
    for (const counts of delays) for (const [bucket, n] of counts.entries()) sums[bucket] = (sums[bucket] ?? 0) + n;
    return { ...status, delays: sums.map((events, bucket) => ({ upToMs: DELAY_BOUNDS[bucket] ?? null, events })) };
  } catch (error) {
    throw classify(error, pipeline.events.name);
  }
}

const rfc3339 = (column: string): string => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

function statement({ events, windows, over }: Pipeline): string {
  const reached = events.late === 'divert' ? 't.frontier' : `s.watermark - interval '${events.lateness} milliseconds'`;
  // A table of windows may be huge; the open ones have an index.
  const tables = [...windows, ...over].map(
    (table) => `json_build_object('table', ${quoteText(table.name)},
    'open', (select count(*) from ${quoteName(table.name)} where ${isHopping(table) ? isOpen(table) : 'final_revision is null'}),
    'revised', (select count(*) from scalestream.revised r where r.pipeline = s.pipeline and r.window_table = ${quoteText(table.name)}))`,
  );
  return `
with known as (select * from scalestream.workers where pipeline = $1::text)
select json_build_object(
  'pipeline', s.pipeline, 'version', p.version, 'watermark', ${rfc3339('s.watermark')},
  'lag', round(extract(epoch from s.lag)::numeric, 1), 'held', s.held, 'final', ${rfc3339(`(${reached})`)},
  'unread', (select coalesce(json_agg(source order by source), '[]') from scalestream.sources where pipeline = $1::text
    and not exists (select from known where source = any (sources) and ended_at is null and expires_at > clock_timestamp())),
  'workers', (select coalesce(json_agg(json_build_object(
      'worker', worker, 'sources', sources, 'state', case when ended_at is not null then 'ended' when expires_at <= clock_timestamp() then 'dead' when ${SILENT} then 'silent' else 'live' end,
      'seen', scalestream.seconds_since(seen_at), 'life', greatest(0, -scalestream.seconds_since(expires_at)), 'committed', committed, 'late', late, 'diverted', diverted,
      'vitals', case when ended_at is null and expires_at > clock_timestamp() and not (${SILENT}) then vitals end) order by started_at), '[]') from known),
  'tables', json_build_array(${tables.join(', ')}),
  'outbox', (select coalesce(json_agg(json_build_object('branch', branch, 'backlog', backlog, 'oldest', ${rfc3339('oldest')}, 'failing', failing, 'error', error) order by branch), '[]')
    from (select branch, count(*) as backlog, min(posted_at) as oldest, count(error) as failing,
        (array_agg(error order by next_at desc) filter (where error is not null))[1] as error
      from scalestream.outbox where pipeline = $1::text group by branch) as branches),
  'delays', (select coalesce(json_agg(delays), '[]') from known)
)::text as status
from scalestream.status s join scalestream.pipelines p on p.name = s.pipeline left join scalestream.tables t on t.name = ${quoteText(events.name)}
where s.pipeline = $1::text`;
}
