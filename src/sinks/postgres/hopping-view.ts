import type { HoppingTable } from '../hopping-table.ts';
import { interval } from './instant.ts';
import { keyOf, paneItemJoins, paneReadings, startsOf, totalsOf } from './panes.ts';
import { quoteName } from './quote.ts';
import { measureColumns } from './readings.ts';

/**
 * Hopping windows as a person reads them. Their starts are counted from the first pane to the last, so that what is asked of `window_start` leaves few of
 * them, and only then are panes read, by their primary key.
 *
 * A window is open until it was closed, and final while nothing changed since. `final_at` is when the youngest of its panes was first in a window that
 * became final: of a window whose last hop has events, when that did.
 */
export function hoppingViewQuery(table: HoppingTable): string {
  const { longest, stored } = table.window;
  const name = quoteName(table.name);
  const end = `"$starts".window_start + ${interval(longest)}`;
  const [final, revised] = ['final_until', 'revised_until'].map((column) => `coalesce(${column} >= ${end}, false)`);
  const state = `case when not bool_or(${final}) then 'open' when bool_and(${final}) and not bool_or(${revised}) then 'final' else 'revised' end`;
  const merged = [
    ...keyOf(table),
    ...totalsOf(table),
    `${state} as state`,
    'sum(revision)::bigint as revision',
    'max(updated_at) as updated_at',
    `case when bool_or(${final}) then max(final_at) end as final_at`,
  ];
  const first = `(select min(pane_start) from ${name}) - ${interval(longest - stored)}`;
  const columns = [
    ...['window_start', `window_start + ${interval(longest)} as window_end`],
    ...keyOf(table),
    ...measureColumns(table).map(({ column, ofItems }) => (ofItems ? quoteName(column) : `"$w".${quoteName(column)}`)),
    ...['state', 'revision', 'updated_at', 'final_at'],
  ];
  return `select ${columns.join(', ')}
  from (
    select ${['"$panes".*', '"$starts".window_start', ...paneReadings(table)].join(', ')}
    from generate_series(${first}, (select max(pane_start) from ${name}), ${interval(stored)}) as "$starts" (window_start)
    cross join lateral (
      select ${merged.join(', ')} from ${name} where pane_start = any (${startsOf(table, '"$starts".window_start')})
      ${groupedBy(keyOf(table))}
    ) as "$panes"
  ) as "$w" ${paneItemJoins(table, '"$w"').join(' ')}`;
}

/** Without a key there is one group, also of nothing: that is none. */
export const groupedBy = (key: readonly string[]): string =>
  key.length > 0 ? `group by ${key.join(', ')}` : 'having count(*) > 0';
