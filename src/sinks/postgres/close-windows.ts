import type { AnyEvent } from '../../event-table.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { Ticked } from '../../timekeeping.ts';
import type { WindowTable } from '../../window-table.ts';
import { classify } from './classify.ts';
import type { Connection } from './connect.ts';
import { fencedNow } from './fenced.ts';
import { postFinals } from './post-finals.ts';
import { quoteName, quoteText } from './quote.ts';
import { gateKey } from './statement.ts';

/** Most windows that one statement makes final, or announces; fewer where that takes longer than a statement may. */
const WINDOWS = 5_000;

/**
 * Makes final what the watermark has passed, announces what was revised, and delivers both to what `whenFinal` declared: one statement after the other, each
 * of which may run in any number of workers at once.
 */
export function closeWindows(connection: Connection, pipeline: Pipeline): () => Promise<Ticked> {
  const { name, events, windows } = pipeline;
  let most = WINDOWS;
  const finalise = windows.map((table) => finaliseStatement(pipeline, table));
  const announce = windows.map((table) => announceStatement(pipeline, table));
  const frontier = events.late === 'divert' ? frontierScript(pipeline) : undefined;
  const due = events.late === 'divert' ? dueStatement(pipeline) : undefined;

  async function inParts(statement: string): Promise<number> {
    let total = 0;
    for (;;) {
      const limit = most;
      const [row] = await connection.run<{ n: number; fenced: number }>(statement, [String(limit)]).catch(slower);
      if (row === undefined) continue;
      if (row.fenced !== 1) throw await fencedNow(connection, pipeline);
      total += row.n;
      if (row.n < limit) return total;
    }
  }

  function slower(error: unknown): [] {
    if (most === 1 || classify(error, events.name).failure !== 'slow') throw error;
    most = Math.ceil(most / 2);
    return [];
  }

  return async () => {
    let [final, revised] = [0, 0];
    if (due && frontier && (await connection.run<{ due: boolean }>(due))[0]?.due) await connection.script(frontier);
    for (const statement of finalise) final += await inParts(statement);
    for (const statement of announce) revised += await inParts(statement);
    await connection.run(FORGET, [name]);
    return { final, revised };
  };
}

const watermarkOf = (pipeline: Pipeline): string =>
  `(select watermark from scalestream.watermarks where pipeline = ${quoteText(pipeline.name)})`;

/** Up to where windows are closed: by the watermark, or, where late events are diverted, by the frontier that flushes judge by. */
function reached(pipeline: Pipeline): string {
  const { events } = pipeline;
  return events.late === 'divert'
    ? `(select frontier from scalestream.tables where name = ${quoteText(events.name)})`
    : `${watermarkOf(pipeline)} - interval '${events.lateness} milliseconds'`;
}

/** Holds the version: one that does not know what another declared would make windows final that never arrive there. */
const fence = ({ name, version }: Pipeline): string => `"$fence" as materialized (
  select from scalestream.pipelines where name = ${quoteText(name)} and version = ${quoteText(version)} for share
)`;

const LIMIT = '$1::text::int';

const counted = 'select (select count(*) from "$changed")::int as n, (select count(*) from "$fence")::int as fenced';

/**
 * `$due` locks the rows in the order in which flushes lock: what a flush merges into a window is either in what becomes final, or revises it. `$changed` are the
 * same rows, reached by the index of those that are open and by where the last of them is: a join would read the whole table.
 */
export function finaliseStatement(pipeline: Pipeline, table: WindowTable<AnyEvent>, limit = LIMIT): string {
  const name = quoteName(table.name);
  const primary = ['window_start', ...Object.keys(table.key).map(quoteName)];
  return `with ${fence(pipeline)}, "$due" as materialized (
  select ${primary.join(', ')} from ${name}
  where final_revision is null and window_start <= ${reached(pipeline)} - interval '${table.window.size} microseconds' and exists (select from "$fence")
  order by ${primary.join(', ')} limit ${limit} for update
), "$changed" as (
  update ${name} w set final_revision = w.revision, final_at = clock_timestamp()
  where final_revision is null and (${primary.join(', ')}) <= ${lastOf(primary)}
  returning w.*
)${postFinals(pipeline, table, false)
    .map((part) => `, ${part}`)
    .join('')}
${counted}`;
}

/**
 * What was revised since it was announced last: a revision and what the window held then, both of the flush that made it. One that comes meanwhile is
 * announced next time.
 */
export function announceStatement(pipeline: Pipeline, table: WindowTable<AnyEvent>, limit = LIMIT): string {
  const pending = `pipeline = ${quoteText(pipeline.name)} and window_table = ${quoteText(table.name)} and revision > announced`;
  return `with ${fence(pipeline)}, "$due" as materialized (
  select window_start, key from scalestream.revised
  where ${pending} and exists (select from "$fence") order by window_start, key limit ${limit} for update
), "$announced" as (
  update scalestream.revised set announced = revision, revised_at = clock_timestamp()
  where ${pending} and (window_start, key) <= ${lastOf(['window_start', 'key'])}
  returning contents
), "$changed" as (
  select w.* from "$announced" as announced cross join lateral jsonb_populate_record(null::${quoteName(table.name)}, announced.contents) as w
)${postFinals(pipeline, table, true)
    .map((part) => `, ${part}`)
    .join('')}
${counted}`;
}

const lastOf = (primary: readonly string[]): string =>
  `(select ${primary.join(', ')} from "$due" order by ${primary.map((column) => `${column} desc`).join(', ')} limit 1)`;

const FORGET = `delete from scalestream.revised where pipeline = $1::text and revision = announced and revised_at < clock_timestamp() - interval '1 hour'`;

/** The latest edge of a window, of whatever table, that the watermark is past by the lateness. */
function nextFrontier(pipeline: Pipeline): string {
  const { events, windows } = pipeline;
  const passed = `${watermarkOf(pipeline)} - interval '${events.lateness} milliseconds'`;
  const sizes = windows.map(
    ({ window }) => `date_bin(interval '${window.size} microseconds', ${passed}, timestamptz 'epoch')`,
  );
  return `greatest(${sizes.join(', ')})`;
}

const dueStatement = (pipeline: Pipeline): string =>
  `select coalesce(${nextFrontier(pipeline)} > coalesce(frontier, '-infinity'), false) as due
   from scalestream.tables where name = ${quoteText(pipeline.events.name)}`;

/** Moves the frontier, once no flush is under way that judged by the one before. */
const frontierScript = (pipeline: Pipeline): string => `
select pg_advisory_xact_lock(${gateKey(pipeline.events.name)});
with ${fence(pipeline)}
update scalestream.tables set frontier = greatest(frontier, ${nextFrontier(pipeline)})
from "$fence" where name = ${quoteText(pipeline.events.name)};`;
