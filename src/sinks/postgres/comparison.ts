import { sameContent, textHash } from '../../content.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { Comparison, Store } from '../../store.ts';
import type { Connection } from './connect.ts';
import { plainArray, textArray } from './quote.ts';

/**
 * Compares events with what is stored, in a statement of its own after the flush: that one saw neither what a concurrent flush committed nor, without
 * locking all of them, the partitions. A hash travels for each event, and the text of those only that are spelt otherwise.
 */
export function comparer(connection: Connection, { events }: Pipeline): Store['compare'] {
  return async (entries) => {
    const compared = entries.map((): Comparison => 'same');
    if (entries.length === 0) return compared;
    const rows = await connection.run<{ place: number; stored: string | null; found: boolean }>(COMPARE, [
      events.name,
      events.id.type,
      String(events.whole),
      plainArray(entries.map(({ time }) => time)),
      textArray(entries.map(({ id }) => id)),
      plainArray(entries.map(({ raw }) => textHash(raw))),
    ]);
    for (const { place, found, stored } of rows) {
      const isSame = stored !== null && sameContent(stored, entries[place - 1]?.raw ?? '');
      if (!isSame) compared[place - 1] = found ? 'different' : 'absent';
    }
    return compared;
  };
}

const COMPARE = `select place, found, stored from scalestream.compare($1::text, $2::text, $3::text::boolean, $4::text::bigint[], $5::text::text[], $6::text::uuid[])`;

/** A dynamic statement a day, so that one partition is locked; looked up row by row, so that nothing but the index is read whatever the planner believes. */
export const COMPARISON_DDL = `
create or replace function scalestream.compare(parent text, id_type text, whole boolean, times bigint[], ids text[], hashes uuid[])
returns table (place integer, found boolean, stored text) language plpgsql as $$
declare
  part record;
  content text := case when whole then 'e.event::text' else $c$coalesce(e.content::text, 'unknown')$c$ end;
  spelt text := case when whole then $c$encode(substr(sha256(convert_to(said, 'UTF8')), 1, 16), 'hex')::uuid <> hash$c$
    else $c$said not in ('unknown', hash::text)$c$ end;
begin
  for part in
    select date '1970-01-01' + (us / 86400000000)::integer as day, array_agg(n::integer) as places, array_agg(us) as times,
      array_agg(id) as ids, array_agg(hash) as hashes
    from unnest(times, ids, hashes) with ordinality as given (us, id, hash, n) group by 1 order by 1
  loop
    begin
      return query execute format(
        'with given as materialized (
          select n, hash, (select %s from %I e where e.event_time = timestamptz ''epoch'' + us * interval ''1 microsecond'' and e.event_id = id::%s) as said
          from unnest($1, $2, $3, $4) as given (n, us, id, hash)
        )
        select n, said is not null, case when %L then said end from given where said is null or %s',
        content, parent || '_' || to_char(part.day, 'YYYYMMDD'), id_type, whole, spelt
      ) using part.places, part.times, part.ids, part.hashes;
    exception when undefined_table then -- dropped, as too old
      return query select unnest(part.places), false, null::text;
    end;
  end loop;
end
$$;
`;
