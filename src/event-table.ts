import type { StandardSchemaV1 } from '@standard-schema/spec';
import { asColumn, type Column, type ColumnOf } from './column.ts';
import { declared, isRecord } from './declared.ts';
import { type Duration, milliseconds } from './duration.ts';
import { ConfigError } from './errors.ts';
import type { EventTimeInput } from './event-time.ts';
import { identifier } from './identifier.ts';

/** How long raw events are kept; `'forever'`, or a span of whole days. Older events are rejects: they could no longer be told from repeats. */
export type Keep = 'forever' | `${number}d`;

export interface EventTableOptions<S extends StandardSchemaV1> {
  /** What an event must look like: a Standard Schema (zod, valibot, arktype …), synchronous. */
  readonly schema: S;
  /** The event id, given by the producer and the same at every delivery. A plain accessor is text; `{ uuid: accessor }` takes 16 bytes. */
  readonly id: ColumnOf<StandardSchemaV1.InferOutput<S>, never>;
  /** The event time. */
  readonly time: (event: StandardSchemaV1.InferOutput<S>) => EventTimeInput;
  /** Retention of the raw events and of their ids. `{ ids: … }` keeps ids and times only: smaller and faster, but nothing can be verified or rebuilt. */
  readonly keep: Keep | { readonly ids: Keep };
  /** Columns of the raw table beside the event's JSON; none by default. */
  readonly columns?: Readonly<Record<string, ColumnOf<StandardSchemaV1.InferOutput<S>>>>;
  /** How far an event may be dated after its message was sent; later ones are rejects. Default `'1d'`. */
  readonly maxFuture?: Duration;
}

/** The raw events of one kind: every event once, and the record of what was counted. */
export interface EventTable<T> {
  readonly kind: 'events';
  readonly name: string;
  readonly schema: StandardSchemaV1<unknown, T>;
  readonly id: Column<T>;
  readonly time: (event: T) => EventTimeInput;
  /** Days kept; `undefined` is forever. */
  readonly keepDays: number | undefined;
  /** Whether whole events are stored, or ids and times only. */
  readonly whole: boolean;
  readonly columns: Readonly<Record<string, Column<T>>>;
  /** Milliseconds. */
  readonly maxFuture: number;
}

/**
 * The event of a table whose type is not known where it is used. A table reads and writes its events, so no other type stands for all of them;
 * the engine hands each table its own events only.
 */
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyEvent = any;

const RESERVED = new Set(['event_time', 'event_id', 'counted', 'event']);

/**
 * Declares a table of raw events.
 *
 * @throws ConfigError for a name that is no SQL identifier, or a retention that is no whole number of days.
 * @example
 * const shopEvents = eventTable('shop_events', { schema: ShopEvent, id: (e) => e.id, time: (e) => e.at, keep: '90d' });
 */
export function eventTable<S extends StandardSchemaV1>(
  name: string,
  options: EventTableOptions<S>,
): EventTable<StandardSchemaV1.InferOutput<S>> {
  type T = StandardSchemaV1.InferOutput<S>;
  const where = `eventTable('${name}')`;
  identifier(name, where, 50); // partitions append _YYYYMMDD
  const { schema, time } = options;
  const standard: unknown =
    isRecord(schema) || typeof schema === 'function' ? Reflect.get(schema, '~standard') : undefined;
  declared(
    isRecord(standard) && typeof standard['validate'] === 'function',
    `${where} schema`,
    'a Standard Schema (zod, valibot, arktype …)',
    schema,
    'schema: z.object({ … })',
  );
  declared(typeof time === 'function', `${where} time`, 'a function of the event', time, 'time: (e) => e.at');
  const columns: Record<string, Column<T>> = {};
  for (const [column, accessor] of Object.entries(options.columns ?? {})) {
    identifier(column, `${where} column`);
    if (RESERVED.has(column)) throw reserved(where, column);
    columns[column] = asColumn(accessor, `${where} column '${column}'`);
  }
  const id = asColumn(options.id, `${where} id`);
  if (id.type !== 'text' && id.type !== 'uuid') {
    throw new ConfigError({
      where,
      expected: 'an id of type text or uuid',
      got: id.type,
      fix: 'id: (e) => String(e.id)',
    });
  }
  const keep = isRecord(options.keep) ? options.keep.ids : options.keep;
  return {
    kind: 'events',
    name,
    schema,
    id,
    time,
    keepDays: days(keep, where),
    whole: !isRecord(options.keep),
    columns,
    maxFuture: milliseconds(options.maxFuture ?? '1d', `${where} maxFuture`),
  };
}

function days(keep: Keep, where: string): number | undefined {
  if (keep === 'forever') return undefined;
  if (/^[1-9]\d{0,4}d$/.test(keep)) return Number.parseInt(keep, 10);
  throw new ConfigError({
    where: `${where} keep`,
    expected: "'forever' or whole days, 99999d at most",
    got: JSON.stringify(keep) ?? 'nothing',
    fix: "keep: '90d'",
  });
}

/** The error for a column name that the engine uses itself. */
export function reserved(where: string, column: string): ConfigError {
  return new ConfigError({
    where,
    expected: 'a column name of your own',
    got: `'${column}'`,
    fix: `'${column}' is the engine's: rename it`,
  });
}
