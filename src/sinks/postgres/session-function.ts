import type { AnyEvent } from '../../event-table.ts';
import { type Stored, storedOf } from '../../stored.ts';
import type { WindowTable } from '../../window-table.ts';
import { sqlType } from './ddl.ts';
import { instant, interval } from './instant.ts';
import { quoteName, quoteText } from './quote.ts';
import { type Arrays, functionOf, named, numbered, over, sessionArrays } from './session-arrays.ts';
import { sessionStatement } from './session-statement.ts';

/** So many locks a flush takes of a session table, at most. A lock a key would not fit the server's memory. */
const STRIPES = 128;

/**
 * The function that makes sessions of instants. A statement sees what was committed before it began, so one that reads sessions and then changes them could
 * miss what another flush makes beside it. In a volatile function each statement sees what was committed before itself:
 *
 * 1. what the flush brings becomes stretches: instants of one key, none a gap after the one before;
 * 2. their keys are locked, hashed to {@link STRIPES} locks in the order of their numbers; also keys that have no row yet;
 * 3. the sessions that a stretch touches are locked in the order of their primary key, which is that of what makes them final. A key's sessions do not
 *    overlap: of those that begin before the stretch only the last one can reach it;
 * 4. {@link sessionStatement}. Nobody else changes these sessions now, so it knows their rows by where they are.
 *
 * It returns a row for each session that began (of revision 1, with nothing else), and those that were final and changed, or are gone.
 */
export function sessionFunctionDdl(table: WindowTable<AnyEvent>): string {
  const arrays = sessionArrays(table);
  const [windows] = storedOf(table) as [Stored];
  const keys = numbered('k', windows.key.length);
  const stretches = keys.map((_, i) => `"$stretch_k${i}"`);
  const spread = `unnest(${[...stretches, '"$first"', '"$last"'].join(', ')}) as s (${[...keys, 'first', 'last'].join(', ')})`;
  return `create or replace function ${functionOf(table)}("$given" text[], "$stale" int[])
returns table ("$start" timestamptz, "$key" jsonb, "$revision" bigint, "$contents" jsonb, "$removed" boolean)
language plpgsql strict set enable_seqscan = off as $body$
declare
  ${arrays.flatMap(({ declared }) => declared).join('\n  ')}
  ${windows.key.map(({ type }, i) => `"$stretch_k${i}" ${type}[];\n  `).join('')}"$first" timestamptz[];
  "$last" timestamptz[];
  "$places" tid[];
begin
  select ${[...keys, 'first', 'last'].map((column) => `array_agg(${column})`).join(', ')} into ${[...stretches, '"$first"', '"$last"'].join(', ')}
  from (${stretchesOf(table, arrays[0] as Arrays, keys)}) s;
  if "$first" is null then return; end if;
  perform pg_advisory_xact_lock(hashtext(${quoteText(`scalestream sessions ${table.name}`)}), stripe)
  from (select distinct ${keys.length > 0 ? `hash_record(row(${keys.join(', ')})) & ${STRIPES - 1}` : '0'} as stripe from ${spread} order by 1) stripes;
  select array_agg(touched.place) into "$places" from ${spread} cross join lateral (${touchedBy(table, windows)}) touched;
  return query ${sessionStatement(table, arrays)};
end $body$;`;
}

/** Instants of one key, none a gap after the one before: their key, the first and the last, in order. */
function stretchesOf(table: WindowTable<AnyEvent>, { groups, keys: given, fresh }: Arrays, keys: string[]): string {
  const order = over(keys, 'us');
  return `select ${[...keys, `${instant('min(us)')} as first`, `${instant('max(us)')} as last`].join(', ')}
    from (
      select ${[...keys, 'us', `count(*) filter (where follows is not true) over ${order} as stretch`].join(', ')}
      from (
        select ${[...keys, 'us', `us - lag(us) over ${order} < ${table.window.longest} as follows`].join(', ')}
        from (select ${[...named(given, 'k'), 'g.us'].join(', ')} from ${groups} where cardinality("$stale") = 0 or g.grp in (${fresh})) instants
      ) instants
    ) instants
    group by ${[...keys, 'stretch'].join(', ')} order by ${[...keys, 'first'].join(', ')}`;
}

/** Where the rows of the sessions are that stretch `s` touches, each locked. Not a join: it would read the whole table. */
function touchedBy(table: WindowTable<AnyEvent>, { name, key }: Stored): string {
  const ofKey = (w: string): string =>
    key.map((column, i) => `${w}.${quoteName(column.name)} = s.k${i}::${sqlType[column.type]} and `).join('');
  return `
    select w.ctid as place from ${quoteName(name)} w
    where ${ofKey('w')}w.window_start < s.last + ${interval(table.window.longest)} and w.window_end > s.first
      and w.window_start >= coalesce((
        select b.window_start from ${quoteName(name)} b where ${ofKey('b')}b.window_start <= s.first order by b.window_start desc limit 1
      ), s.first)
    order by w.window_start for update
  `;
}
