import type { AnyEvent } from '../event-table.ts';
import type { Micros } from '../event-time.ts';
import type { Pipeline } from '../pipeline.ts';
import { endOf } from '../sinks/postgres/ddl.ts';
import { quoteName } from '../sinks/postgres/quote.ts';
import type { StoredEvent } from '../sinks/postgres/snapshot.ts';
import type { WindowTable } from '../window-table.ts';
import type { WindowName } from './contributors.ts';
import { notThere } from './problem.ts';
import { type ReadDatabase, unknownToDatabase } from './read-database.ts';
import { given, type KeyFilter, type Moment, momentQuery } from './statement-parts.ts';
import { keyConditions } from './window-query.ts';

/** A window that is asked for. */
interface Asked {
  readonly pipeline: Pipeline;
  readonly table: WindowTable<AnyEvent>;
  readonly start: Micros;
  readonly keys: readonly KeyFilter[];
}

/** RFC 3339, UTC, in milliseconds, or microseconds where it takes them. */
export const momentOf = (micros: Micros): string => {
  const text = new Date(Math.floor(micros / 1_000)).toISOString();
  return micros % 1_000 === 0 ? text : `${text.slice(0, -1)}${String(micros % 1_000).padStart(3, '0')}Z`;
};

/**
 * The window, with the end that it has.
 *
 * @throws Problem where there is none.
 */
export async function findWindow({ read }: ReadDatabase, { pipeline, table, start, keys }: Asked) {
  const parameters = given();
  const at = parameters.instant(start);
  const isHopping = table.window.kind === 'hopping';
  const source = isHopping
    ? `${quoteName(`${table.name}_between`)} (${at}, ${at} + interval '1 microsecond')`
    : quoteName(table.name);
  const end = isHopping ? 'window_end' : endOf(table);
  const where = [`"$w".window_start = ${at}`, ...keyConditions(keys, parameters)].join(' and ');
  const [row] = await read<Moment & { end_us: string | null }>(
    `with "$moment" as (${momentQuery(pipeline, table)}), "$window" as (
      select (extract(epoch from ${end}) * 1000000)::bigint::text as end_us from ${source} as "$w" where ${where}
    ) select "$moment".*, "$window".end_us from "$moment" left join "$window" on true`,
    parameters.parameters,
  );
  if (!row) throw unknownToDatabase(`no pipeline '${pipeline.name}'`);
  if (row.end_us !== null) return row;
  throw notThere(
    'window',
    'no such window',
    'the start and key of a window',
    momentOf(start),
    `take them from its windows`,
  );
}

/** The counted raw events of its time, in their order, so many after one of them. */
export async function eventsAfter(
  { read }: ReadDatabase,
  { events }: Pipeline,
  { start, end }: WindowName,
  after: readonly string[] | undefined,
  limit: number,
): Promise<StoredEvent[]> {
  const parameters = given();
  const { type } = events.id;
  const conditions = [
    'counted',
    `event_time >= ${parameters.instant(start)}`,
    `event_time < ${parameters.instant(end)}`,
    ...(after
      ? [
          `(event_time, event_id) > (${parameters.instant(after[0] as string)}, ${parameters.value(type, after[1] as string)})`,
        ]
      : []),
  ];
  const rows = await read<{ us: string; id: string; json: string }>(
    `select (extract(epoch from event_time) * 1000000)::bigint::text as us, event_id::text as id, event::text as json
     from ${quoteName(events.name)} where ${conditions.join(' and ')} order by event_time, event_id limit ${limit}`,
    parameters.parameters,
  );
  return rows.map(({ us, id, json }) => ({ time: Number(us), id, json }));
}
