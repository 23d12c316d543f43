import type { HoppingTable } from '../hopping-table.ts';
import { replaceView } from './alter.ts';
import { interval } from './instant.ts';
import { keyOf, paneItemJoins, paneReadings, startsOf, totalsOf } from './panes.ts';
import { quoteName } from './quote.ts';
import { measureColumns } from './readings.ts';
import { traceIdOf } from './trace-id.ts';

/**
 * Hopping windows as a person reads them: a view, and a function of the same windows that begin between two moments. Their starts are counted from the first
 * pane to the last. What is asked of `window_start` leaves few of them, and only then are panes read, by their primary key. But the view counts all of them
 * (3,000,000 of a year of ten seconds, in a second), the function those between. Its body is bound to the tables, so it becomes a part of what calls it.
 *
 * @example
 * select * from trend_between(now() - interval '1 hour', now());
 */
export function hoppingViewDdl(table: HoppingTable, view: string): string {
  const name = quoteName(table.name);
  const { longest, stored } = table.window;
  const first = `(select min(pane_start) from ${name}) - ${interval(longest - stored)}`;
  const last = `(select max(pane_start) from ${name})`;
  const since = `date_bin(${interval(stored)}, since, timestamptz 'epoch')`;
  const between = `case when since > ${first} then ${since} else ${first} end, case when until < ${last} then until else ${last} end`;
  return [
    replaceView(quoteName(view), query(table, `${first}, ${last}`)),
    `create or replace function ${quoteName(`${table.name}_between`)} (since timestamptz, until timestamptz) returns setof ${quoteName(view)}
language sql stable begin atomic
  ${query(table, between)} where window_start >= since and window_start < until;
end;`,
  ].join('\n');
}

/**
 * A window is open until it was closed, and final while nothing changed since. `final_at` is when the youngest of its panes was first in a window that
 * became final: of a window whose last hop has events, when that did.
 */
function query(table: HoppingTable, range: string): string {
  const { longest, stored } = table.window;
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
    `(array_agg(${traceIdOf(quoteName(table.name))} order by updated_at desc))[1] as trace_id`,
  ];
  const columns = [
    'window_start',
    `window_start + ${interval(longest)} as window_end`,
    ...keyOf(table),
    ...measureColumns(table).map(({ column, ofItems }) => (ofItems ? quoteName(column) : `"$w".${quoteName(column)}`)),
    'state',
    'revision',
    'updated_at',
    'final_at',
    'trace_id',
  ];
  return `select ${columns.join(', ')}
  from (
    select ${['"$panes".*', '"$starts".window_start', ...paneReadings(table)].join(', ')}
    from generate_series(${range}, ${interval(stored)}) as "$starts" (window_start)
    cross join lateral (
      select ${merged.join(', ')} from ${quoteName(table.name)} where pane_start = any (${startsOf(table, '"$starts".window_start')})
      ${groupedBy(keyOf(table))}
    ) as "$panes"
  ) as "$w" ${paneItemJoins(table, '"$w"').join(' ')}`;
}

/** Without a key there is one group, also of nothing: that is none. */
const groupedBy = (key: readonly string[]): string =>
  key.length > 0 ? `group by ${key.join(', ')}` : 'having count(*) > 0';
