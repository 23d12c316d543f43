import postgres from 'postgres';
import type { EventTable, AnyEvent } from '../../event-table.ts';
import type { Micros } from '../../event-time.ts';
import type { FinalWindow } from '../../final-window.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { Stored } from '../../stored.ts';
import type { WindowTable } from '../../window-table.ts';
import type { WindowRow } from '../accumulate.ts';
import { driverOptions } from './connect.ts';
import { deliveryOf, finalJson } from './final-json.ts';
import { quoteName } from './quote.ts';
import { itemJoins } from './readings.ts';
import { targetOf } from './target.ts';

/** A raw event as it is stored. */
export interface StoredEvent {
  readonly id: string;
  readonly time: Micros;
  readonly json: string;
}

/** What a pipeline wrote, all as of one moment. */
export interface Snapshot {
  /** The counted raw events in order of time. */
  events(): AsyncIterable<readonly StoredEvent[]>;
  /** The rows of a relation of a window table; their ends, where it stores them. */
  rows(stored: Stored, withEnd?: boolean): AsyncIterable<readonly StoredRow[]>;
  /** The windows of a table that are final, each as it is now. */
  finals(table: WindowTable<AnyEvent>): AsyncIterable<readonly FinalWindow[]>;
  /** How many windows, or revisions of them, a table over windows has still to take; and how many it could not. */
  untaken(table: WindowTable<AnyEvent>): Promise<{ readonly n: number; readonly refused: number }>;
  rejects(): Promise<number>;
  /** Raw events that are in no window. */
  diverted(): Promise<number>;
  /** The oldest event time of which all raw events are still there. */
  horizon(): Promise<Micros>;
}

/** A row as it is stored, where its end is asked for or not. */
export type StoredRow = Omit<WindowRow, 'end'> & { readonly end?: Micros };

const ROWS = 5_000;

/**
 * Reads a pipeline's tables in one snapshot while workers go on writing. The only transaction of several statements in the engine: it is read
 * only, on a connection of its own, so a connection that dies ends it and can tear nothing.
 *
 * @throws what `read` throws, or the driver's error.
 */
export async function snapshot<T>(
  url: string,
  pipeline: Pipeline,
  read: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
  const sql = postgres(
    driverOptions(targetOf(url), { max: 1, lockMs: 0, statementMs: 0, socketMs: 120_000, isWaiting: () => true }),
  );
  try {
    const result = await sql.begin('isolation level repeatable read read only', (tx) => read(snapshotOf(tx, pipeline)));
    return result as T;
  } finally {
    await sql.end({ timeout: 5 });
  }
}

function snapshotOf(tx: postgres.TransactionSql, pipeline: Pipeline): Snapshot {
  return {
    async *events() {
      for await (const rows of tx
        .unsafe<{ us: string; id: string; json: string }[]>(eventsQuery(pipeline.events))
        .cursor(ROWS)) {
        yield rows.map((row) => ({ id: row.id, time: Number(row.us), json: row.json }));
      }
    },
    async *rows(stored, withEnd = false) {
      for await (const rows of tx.unsafe<Record<string, string | null>[]>(rowsQuery(stored, withEnd)).cursor(ROWS)) {
        yield rows.map((row) => ({
          window: Number(row['us']),
          ...(withEnd ? { end: Number(row['ends']) } : {}),
          key: stored.key.map((_, i) => row[`k${i}`] as string),
          parts: stored.parts.map((_, i) => row[`p${i}`] ?? null),
        }));
      }
    },
    async *finals(table) {
      for await (const rows of tx.unsafe<{ window: string }[]>(finalsQuery(table)).cursor(ROWS))
        yield rows.map((row) => JSON.parse(row.window) as FinalWindow);
    },
    async untaken({ name, of }) {
      const [row] = await tx.unsafe<{ n: string; refused: string }[]>(
        `select count(*) + (select count(*) from scalestream.revised where pipeline = $1 and window_table = $3 and revision > announced) as n,
           count(error) as refused
         from scalestream.outbox where pipeline = $1 and branch = $2`,
        [pipeline.name, `over ${name}`, of],
      );
      return { n: Number(row?.n), refused: Number(row?.refused) };
    },
    async rejects() {
      const [row] = await tx.unsafe<{ n: string }[]>(
        'select count(*) as n from scalestream.rejects where pipeline = $1',
        [pipeline.name],
      );
      return Number(row?.n);
    },
    async diverted() {
      const [row] = await tx.unsafe<{ n: string }[]>(
        `select count(*) as n from ${quoteName(pipeline.events.name)} where not counted`,
      );
      return Number(row?.n);
    },
    async horizon() {
      const [row] = await tx.unsafe<{ us: string }[]>(
        `select ${microsOf('horizon')} from scalestream.tables where name = $1`,
        [pipeline.events.name],
      );
      return Number(row?.us ?? 0);
    },
  };
}

const microsOf = (column: string, as = 'us'): string =>
  `(extract(epoch from ${column}) * 1000000)::bigint::text as ${as}`;

const eventsQuery = (table: EventTable<AnyEvent>): string =>
  `select ${microsOf('event_time')}, event_id::text as id, event::text as json from ${quoteName(table.name)} where counted order by event_time, event_id`;

function rowsQuery({ name, start, key, parts }: Stored, withEnd: boolean): string {
  const columns = [
    microsOf(start),
    ...(withEnd ? [microsOf('window_end', 'ends')] : []),
    ...key.map((column, i) => `${quoteName(column.name)}::text as k${i}`),
    ...parts.map(({ column, type }, i) =>
      type === 'text' ? `${quoteName(column)} as p${i}` : `trim_scale(${quoteName(column)}::numeric)::text as p${i}`,
    ),
  ];
  return `select ${columns.join(', ')} from ${quoteName(name)}`;
}

const finalsQuery = (table: WindowTable<AnyEvent>): string =>
  `select ${finalJson(table, { delivery: deliveryOf(table), revised: 'revision <> final_revision' })}::text as window
   from ${quoteName(table.name)} as "$w" ${itemJoins(table, '"$w"').join(' ')} where final_revision is not null`;
