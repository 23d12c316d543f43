import type { AnyEvent } from '../event-table.ts';
import type { Pipeline } from '../pipeline.ts';
import { isHopping } from '../sinks/hopping-table.ts';
import { reached } from '../sinks/postgres/closing.ts';
import { CLOSED_UNTIL, isOpen } from '../sinks/postgres/panes.ts';
import { quoteName, quoteText } from '../sinks/postgres/quote.ts';
import type { WindowTable } from '../window-table.ts';

/**
 * Up to where all windows of a table are final: as far as the watermark has closed them, and no further than the first that is open, since windows are closed in
 * turn; of windows over others no further than the first of those that is still to be taken. Each is found by an index.
 */
export function finalUntil(pipeline: Pipeline, table: WindowTable<AnyEvent> | undefined): string {
  const all = [reached(pipeline), ...(table ? [firstOpen(pipeline, table), ...untaken(pipeline, table)] : [])];
  return `case when ${reached(pipeline)} is not null then least(${all.join(', ')}) end`;
}

/** What ends then or before is closed. Windows of a size lie side by side, so one that is open begins where the last that may be final ends. */
function firstOpen(pipeline: Pipeline, table: WindowTable<AnyEvent>): string {
  const name = quoteName(table.name);
  if (isHopping(table)) return `(select min(${CLOSED_UNTIL}) from ${name} where ${isOpen(table)})`;
  if (table.window.kind !== 'session') return `(select min(window_start) from ${name} where final_revision is null)`;
  const until = reached(pipeline);
  return `(select min(window_end) - interval '1 microsecond' from ${name} where final_revision is null and window_start < ${until} and window_end <= ${until})`;
}

/** Where those begin that it has not taken: open ones, those in the outbox, and those of which a revision is to be announced. */
function untaken({ name }: Pipeline, { name: table, over }: WindowTable<AnyEvent>): string[] {
  if (!over) return [];
  return [
    `(select min(window_start) from ${quoteName(over.name)} where final_revision is null)`,
    `(select min((body ->> 'start')::timestamptz) from scalestream.outbox where pipeline = ${quoteText(name)} and branch = ${quoteText(`over ${table}`)})`,
    `(select min(window_start) from scalestream.revised where pipeline = ${quoteText(name)} and window_table = ${quoteText(over.name)} and revision > announced)`,
  ];
}
