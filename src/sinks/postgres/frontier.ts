import type { AnyEvent } from '../../event-table.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { WindowTable } from '../../window-table.ts';
import { fence, watermarkOf } from './closing.ts';
import { interval } from './instant.ts';
import { quoteText } from './quote.ts';
import { gateKey } from './statement.ts';

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

/** Whether the frontier may move. */
export const frontierDue = (pipeline: Pipeline): string =>
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
export const frontierScript = (pipeline: Pipeline): string => `
select set_config('lock_timeout', ${patience(1.2)}, true), set_config('statement_timeout', ${patience(1.4)}, true);
select pg_advisory_xact_lock(${gateKey(pipeline.events.name)}) where pg_try_advisory_xact_lock(${moverKey(pipeline.events.name)});
with ${fence(pipeline)}
update scalestream.tables set frontier = greatest(frontier, ${nextFrontier(pipeline)})
from "$fence" where name = ${quoteText(pipeline.events.name)} and pg_try_advisory_xact_lock(${gateKey(pipeline.events.name)});`;

const moverKey = (events: string): string =>
  `hashtextextended(${quoteText(`scalestream frontier moves ${events}`)}, 0)`;
