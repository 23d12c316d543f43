import type { AnyEvent } from '../../event-table.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { WindowTable } from '../../window-table.ts';
import { interval } from './instant.ts';
import { takeKey } from './over-function.ts';
import { quoteName, quoteText } from './quote.ts';

/** Whoever makes windows over windows final, or announces them, keeps them from being taken meanwhile, and the other way round. */
const alone = (table: WindowTable<AnyEvent>): string =>
  `"$alone" as materialized (select pg_advisory_xact_lock(${takeKey(table)}))`;

/** The parts of a statement by which it is {@link alone}, where a table is over windows. */
export const aloneOf = (table: WindowTable<AnyEvent>): { readonly part: string; readonly holds: string } =>
  table.over
    ? { part: `, ${alone(table)}`, holds: ' and (select count(*) from "$alone") = 1' }
    : { part: '', holds: '' };

/** Where windows that are still to be taken begin: those in the outbox, and those of which a revision is to be announced. */
export function pendingOf(pipeline: Pipeline, table: WindowTable<AnyEvent>): string {
  const { over } = table;
  if (!over) return '';
  const name = quoteText(pipeline.name);
  return `, "$pending" as materialized (
  select distinct (body ->> 'start')::timestamptz as start from scalestream.outbox where pipeline = ${name} and branch = ${quoteText(`over ${table.name}`)}
  union select window_start from scalestream.revised where pipeline = ${name} and window_table = ${quoteText(over.name)} and revision > announced
)`;
}

/**
 * Whether all is taken that may belong to a row, `w`, of a table over windows: none below that begins within it is open, or pending. What is still to be announced
 * of the row itself goes before: it may have been gone meanwhile.
 */
export function isWhole(pipeline: Pipeline, table: WindowTable<AnyEvent>): string {
  const { over } = table;
  if (!over) return '';
  const { stored } = table.window;
  const end = stored === undefined ? 'w.window_end' : `w.window_start + ${interval(stored)}`;
  const within = (start: string): string => `${start} >= w.window_start and ${start} < ${end}`;
  const key = Object.keys(table.key).map((name) => `${quoteText(name)}, w.${quoteName(name)}`);
  return `
    and (select min(b.window_start) from ${quoteName(over.name)} b where b.final_revision is null and ${within('b.window_start')}) is null
    and not exists (select from "$pending" p where ${within('p.start')})
    and (select max(r.revision) from scalestream.revised r where r.pipeline = ${quoteText(pipeline.name)} and r.window_table = ${quoteText(table.name)}
      and r.window_start = w.window_start and r.key = jsonb_build_object(${key.join(', ')}) and r.revision > r.announced) is null`;
}
