import type { AnyEvent } from '../../event-table.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { WindowTable } from '../../window-table.ts';
import { reached } from './closing.ts';
import { takeKey } from './over-function.ts';
import { quoteName, quoteText } from './quote.ts';

/**
 * Up to where the windows of a table are closed. Those over windows wait for them: for the earliest that is not final, and for the earliest that is not
 * taken yet.
 */
export function reachedBy(pipeline: Pipeline, table: WindowTable<AnyEvent>): string {
  const { over } = table;
  if (!over) return reached(pipeline);
  const name = quoteText(pipeline.name);
  return `least(${reached(pipeline)},
    (select min(window_start) from ${quoteName(over.name)} where final_revision is null),
    (select min(window_start) from scalestream.revised where pipeline = ${name} and window_table = ${quoteText(over.name)} and revision > announced),
    (select min((body ->> 'start')::timestamptz) from scalestream.outbox where pipeline = ${name} and branch = ${quoteText(`over ${table.name}`)}))`;
}

/** Whoever makes windows over windows final keeps them from being taken meanwhile, and the other way round. */
export const alone = (table: WindowTable<AnyEvent>): string =>
  `"$alone" as materialized (select pg_advisory_xact_lock(${takeKey(table)}))`;
