import { StoreError } from '../../errors.ts';
import type { AnyEvent } from '../../event-table.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { Ticked } from '../../timekeeping.ts';
import { storedOf } from '../../stored.ts';
import type { WindowTable } from '../../window-table.ts';
import { classify, isSpent } from './classify.ts';
import { isHopping } from '../hopping-table.ts';
import { announceHopsStatement, closeHopsStatement } from './close-hops.ts';
import { fence, LIMIT, PASSED, reached, watermarkOf } from './closing.ts';
import { aloneOf, isWhole, pendingOf } from './closing-over.ts';
import type { Connection } from './connect.ts';
import { fencedNow } from './fenced.ts';
import { postFinals } from './post-finals.ts';
import { primaryOf } from './ddl.ts';
import { interval } from './instant.ts';
import { storesEnd } from './merges.ts';
import { quoteName, quoteText } from './quote.ts';
import { mayBeRemoved, REMOVED } from './removed.ts';
import { gateKey } from './statement.ts';

/** Most windows that one statement makes final, or announces; fewer where that takes longer than a statement may. */
const WINDOWS = 5_000;
/** So long a tick begins new statements where the first of a table left something: the next tick goes on. */
const BUDGET_MS = 2_000;
const FORGET_EVERY_MS = 60_000;

/** What a tick did, and whether it left something that is due. */
export interface Closed extends Ticked {
  readonly more?: true;
}

interface Counted {
  readonly n: number;
  readonly fenced: number;
  /** Whether there may be more. Default: where it did as much as it might. */
  readonly left?: boolean;
}

interface Part {
  readonly n: number;
  readonly more: boolean;
}

/**
 * Makes final what the watermark has passed, announces what was revised, and delivers both to what `whenFinal` declared: one statement after the other, each
 * of which may run in any number of workers at once. What fails keeps nothing else from being done; the first error is thrown in the end.
 */
export function closeWindows(connection: Connection, pipeline: Pipeline): () => Promise<Closed> {
  const { name, events } = pipeline;
  const windows = [...pipeline.windows, ...pipeline.over];
  const finalise = windows.map((table) => inParts(finaliseStatement(pipeline, table)));
  const announce = windows.map((table) => inParts(announceStatement(pipeline, table)));
  const due = dueStatement(pipeline);
  const frontier = events.late === 'divert' ? frontierScript(pipeline) : undefined;
  let forgottenAt = Number.NEGATIVE_INFINITY;

  /**
   * One statement, and more of them until nothing is left or time is up. What is refused, or takes too long, is repeated with fewer; a window that is so alone is
   * passed over until the others are done, which then fails with its error: the next time it is the first to be tried, alone.
   */
  function inParts(statement: string): (until: number) => Promise<Part> {
    let most = WINDOWS;
    let passed = 0;
    /** How many were passed over since a statement succeeded: of more than one it may be the database that is slow. */
    let inRow = 0;
    let why: unknown;
    function fewer(error: unknown): [] {
      const { failure } = classify(error, events.name);
      if (failure !== 'slow' && failure !== 'event') throw error;
      if (most > 1) most = Math.ceil(most / 2);
      else {
        passed++;
        inRow++;
        why ??= error;
      }
      return [];
    }
    return async (until) => {
      let n = 0;
      for (;;) {
        const limit = most;
        const [row] = await connection.run<Counted>(statement, [String(limit), String(passed)]).catch(fewer);
        if (row === undefined) {
          if (performance.now() < until) continue;
          if (inRow > 1) throw why;
          return { n, more: true };
        }
        if (row.fenced !== 1) throw await fencedNow(connection, pipeline);
        n += row.n;
        inRow = 0;
        if (!(row.left ?? row.n >= limit)) {
          if (passed === 0) return { n, more: false };
          const error = why;
          [most, passed, why] = [1, 0, undefined];
          throw error;
        }
        // As many as it may, in time: so more may go as well.
        most = Math.min(WINDOWS, limit * 2);
        if (performance.now() >= until) return { n, more: true };
      }
    };
  }

  const passes = (error: unknown): boolean => ['retry', 'slow', 'event'].includes(classify(error, events.name).failure);

  async function moveFrontier(script: string): Promise<void> {
    if ((await connection.run<{ due: boolean }>(due))[0]?.due) await connection.script(script);
  }

  async function forget(until: number): Promise<void> {
    if (performance.now() - forgottenAt < FORGET_EVERY_MS) return;
    forgottenAt = performance.now();
    for (const statement of FORGET) {
      let n = FORGOTTEN;
      while (n === FORGOTTEN) {
        n = (await connection.run<{ n: number }>(statement, [name]))[0]?.n ?? 0;
        if (performance.now() >= until) break;
      }
    }
  }

  return async () => {
    const until = performance.now() + BUDGET_MS;
    const done = { final: 0, revised: 0 };
    let more = false;
    const counting = (what: keyof typeof done) => (part: (until: number) => Promise<Part>) => async () => {
      const { n, more: left } = await part(until);
      done[what] += n;
      more ||= left;
    };
    const failures: unknown[] = [];
    for (const step of [
      ...(frontier ? [() => moveFrontier(frontier)] : []),
      ...finalise.map(counting('final')),
      ...announce.map(counting('revised')),
      // Whoever comes next forgets as well.
      () => forget(until).catch(() => undefined),
    ]) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
        if (endsAll(error)) break;
      }
    }
    // What the worker must not go on after is told before what passes.
    if (failures.length > 0) throw failures.find((error) => !passes(error)) ?? failures[0];
    return { ...done, ...(more ? { more } : {}) };
  };
}

/** Another version is in force, or the database does not answer: what comes after it would fail as well, and take its time. */
const endsAll = (error: unknown): boolean => error instanceof StoreError || isSpent(error);

const counted = 'select (select count(*) from "$changed")::int as n, (select count(*) from "$fence")::int as fenced';

/**
 * `$due` locks the rows in the order in which flushes lock: what a flush merges into a window is either in what becomes final, or revises it. `$changed` are the
 * same rows, reached by the index of those that are open and by where the last of them is: a join would read the whole table.
 */
export function finaliseStatement(
  pipeline: Pipeline,
  table: WindowTable<AnyEvent>,
  limit = LIMIT,
  passed = limit === LIMIT ? PASSED : '0',
): string {
  if (isHopping(table)) return closeHopsStatement(pipeline, table, limit, passed);
  const name = quoteName(table.name);
  const primary = primaryOf(table);
  const ends = storesEnd(table) ? 'window_end' : 'window_start';
  const end = `${reached(pipeline)}${table.window.stored === undefined ? '' : ` - ${interval(table.window.stored)}`}`;
  // No session ends earlier than a gap after its start, by which the open ones are found.
  const begun =
    table.window.kind === 'session' ? ` and window_start <= ${end} - ${interval(table.window.longest)}` : '';
  const due = isInOrder(table) ? primary.join(', ') : 'ctid as place';
  const changed = isInOrder(table)
    ? `final_revision is null and ${between(primary)}`
    : `ctid = any (array(select place from "$due"))`;
  return `with ${fence(pipeline)}${aloneOf(table).part}${pendingOf(pipeline, table)}, "$due" as materialized (
  select ${due} from ${name} w
  where final_revision is null and ${ends} <= ${end}${begun} and exists (select from "$fence")${aloneOf(table).holds}${isWhole(pipeline, table)}
  order by ${primary.join(', ')} limit ${limit} offset ${passed} for update
), "$changed" as (
  update ${name} w set final_revision = w.revision, final_at = clock_timestamp()
  where ${changed}
  returning w.*
)${postFinals(pipeline, table, false)
    .map((part) => `, ${part}`)
    .join('')}
${counted}`;
}

/**
 * Whether windows that begin later end later, and all that is known of one is in its row. Otherwise what is closed, or announced, is what is locked as the
 * statement's snapshot has it: a row that changed since is left for the next tick, since items are read in the snapshot, and a later end may be due no more.
 */
const isInOrder = (table: WindowTable<AnyEvent>): boolean =>
  !storesEnd(table) && storedOf(table).length === 1 && table.over === undefined;

/**
 * What was revised since it was announced last: a revision and what the window held then, both of the flush that made it. One that comes meanwhile is
 * announced next time.
 */
export function announceStatement(
  pipeline: Pipeline,
  table: WindowTable<AnyEvent>,
  limit = LIMIT,
  passed = limit === LIMIT ? PASSED : '0',
): string {
  if (isHopping(table)) return announceHopsStatement(pipeline, table, limit, passed);
  const due = isInOrder(table) ? 'window_start, key' : 'ctid as place';
  const announced = (pending: string): string =>
    isInOrder(table)
      ? `${pending} and ${between(['window_start', 'key'])}`
      : `ctid = any (array(select place from "$due"))`;
  const pending = `pipeline = ${quoteText(pipeline.name)} and window_table = ${quoteText(table.name)} and revision > announced`;
  return `with ${fence(pipeline)}${aloneOf(table).part}, "$due" as materialized (
  select ${due} from scalestream.revised
  where ${pending} and exists (select from "$fence")${aloneOf(table).holds} order by window_start, key limit ${limit} offset ${passed} for update
), "$announced" as (
  update scalestream.revised set announced = revision, revised_at = clock_timestamp()
  where ${announced(pending)}
  returning contents, removed
), "$changed" as (
  select w.*${mayBeRemoved(table) ? `, ${REMOVED}` : ''} from "$announced" as announced cross join lateral jsonb_populate_record(null::${quoteName(table.name)}, announced.contents) as w
)${postFinals(pipeline, table, true)
    .map((part) => `, ${part}`)
    .join('')}
${counted}`;
}

/** From the first to the last row of `"$due"`: those that were passed over come before. */
function between(primary: readonly string[]): string {
  const row = primary.join(', ');
  const edge = (order: string): string =>
    `(select ${row} from "$due" order by ${primary.map((column) => `${column} ${order}`).join(', ')} limit 1)`;
  return `(${row}) >= ${edge('asc')} and (${row}) <= ${edge('desc')}`;
}

/** Most rows that are forgotten at once. */
const FORGOTTEN = 5_000;

/** What a flush or an announcement holds is left for the next time, so that nobody waits and nobody is waited for. */
const forgetStatement = (which: string, order: string): string => `with "$due" as materialized (
  select ctid as place from scalestream.revised
  where pipeline = $1::text and ${which} and revised_at < clock_timestamp() - interval '1 hour'
  order by ${order} limit ${FORGOTTEN} for update skip locked
), "$forgotten" as (
  delete from scalestream.revised where ctid = any (array(select place from "$due")) returning 1
)
select count(*)::int as n from "$forgotten"`;

/** What was announced; and what nobody will announce any more, since its table is not declared now. */
const FORGET = [
  forgetStatement('revision = announced', 'revised_at'),
  forgetStatement(
    `revision > announced and window_table <> all (array(select name from scalestream.tables where pipeline = $1::text and retired_at is null))`,
    'window_table, window_start, key',
  ),
];

/** The latest edge of a window, of whatever table, that the watermark is past by the lateness. */
export function nextFrontier(pipeline: Pipeline): string {
  const { events, windows } = pipeline;
  const passed = `${watermarkOf(pipeline)} - interval '${events.lateness} milliseconds'`;
  const sizes = windows.map(({ window }) => `date_bin(${interval(edgesOf(window))}, ${passed}, timestamptz 'epoch')`);
  return `greatest(${sizes.join(', ')})`;
}

const MICROS_PER_SECOND = 1_000_000;

/**
 * How far apart the edges of a table's windows are, at least nearly: nothing depends on it but how soon windows are closed, and how often flushes are waited
 * for. Days of nearly all zones begin at quarters of an hour; sessions end at any moment.
 */
function edgesOf({ kind, stored }: WindowTable<AnyEvent>['window']): number {
  if (stored !== undefined) return stored;
  return (kind === 'calendar' ? 900 : 1) * MICROS_PER_SECOND;
}

const dueStatement = (pipeline: Pipeline): string =>
  `select coalesce(${nextFrontier(pipeline)} > coalesce(frontier, '-infinity'), false) as due
   from scalestream.tables where name = ${quoteText(pipeline.events.name)}`;

/** Milliseconds, as a multiple of the limit of a statement; 0 where there is none. */
const patience = (times: number): string =>
  `round(extract(epoch from current_setting('statement_timeout')::interval) * ${times * 1_000})::bigint::text`;

/**
 * Moves the frontier, once no flush is under way that judged by the one before. Flushes that come meanwhile wait behind it, so it waits once, and longer than a
 * statement may take: then whoever was before it is over. If it gave up earlier, it would have held them up for nothing, again and again; if it did not
 * queue, flushes that overlap would keep it waiting for ever. One process does so at a time: what the others would do is being done.
 */
const frontierScript = (pipeline: Pipeline): string => `
select set_config('lock_timeout', ${patience(1.2)}, true), set_config('statement_timeout', ${patience(1.4)}, true);
select pg_advisory_xact_lock(${gateKey(pipeline.events.name)}) where pg_try_advisory_xact_lock(${moverKey(pipeline.events.name)});
with ${fence(pipeline)}
update scalestream.tables set frontier = greatest(frontier, ${nextFrontier(pipeline)})
from "$fence" where name = ${quoteText(pipeline.events.name)} and pg_try_advisory_xact_lock(${gateKey(pipeline.events.name)});`;

const moverKey = (events: string): string =>
  `hashtextextended(${quoteText(`scalestream frontier moves ${events}`)}, 0)`;
