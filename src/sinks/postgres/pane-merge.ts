import type { Stored } from '../../stored.ts';
import { interval } from './instant.ts';
import { quoteName, quoteText } from './quote.ts';
import type { HoppingTable } from '../hopping-table.ts';

/**
 * What merges contributions into the panes of hopping windows, once each. A pane that comes to be is in windows that may be final without it: what closes
 * windows finds it, and says that they are revised. One that is there says itself which of its windows are final; each of them is revised.
 *
 * `revision` counts in `scalestream.revised` and nothing more: what a window holds is read from its panes when it is announced.
 */
export function paneMerge(
  { name: table, window }: HoppingTable,
  stored: Stored,
  name: string,
  { insert, sets }: { readonly insert: string; readonly sets: readonly string[] },
) {
  const key = stored.key.map((column) => quoteName(column.name));
  const pairs = stored.key.map((column) => `${quoteText(column.name)}, ${quoteName(column.name)}`).join(', ');
  const own = [
    'revision = w.revision + 1',
    'updated_at = clock_timestamp()',
    'revised_until = greatest(w.revised_until, w.final_until)',
  ];
  const starts = `generate_series(pane_start - ${interval(window.longest - window.stored)}, final_until - ${interval(window.longest)}, ${interval(window.stored)})`;
  return {
    name,
    text: `${name} as (${insert}
  set ${[...sets, ...own].join(', ')}
  returning ${['pane_start', ...key, 'revision', 'final_until'].join(', ')}
)`,
    began: 'revision = 1',
    changed: `select distinct ${quoteText(table)}::text, ${starts}, jsonb_build_object(${pairs}), 1::bigint, null::jsonb, false from ${name} where final_until is not null`,
  };
}
