import type { StandardSchemaV1 } from '@standard-schema/spec';
import { asColumn, type Column, type ColumnOf } from './column.ts';
import { asDedupe, type Dedupe, type DedupeOptions } from './dedupe.ts';
import { declared, isRecord, knownOptions } from './declared.ts';
import { type Duration, milliseconds } from './duration.ts';
import { ConfigError } from './errors.ts';
import { asEventId, type EventId, type EventIdOf } from './event-id.ts';
import type { EventTimeInput } from './event-time.ts';
import { identifier } from './identifier.ts';

/** How long raw events are kept; `'forever'`, or a span of whole days. Older events are rejects: they could no longer be told from repeats. */
export type Keep = 'forever' | `${number}d`;

export interface EventTableOptions<S extends StandardSchemaV1> {
  /** What an event must look like: a Standard Schema (zod, valibot, arktype …), synchronous. */
  readonly schema: S;
  /**
   * The event id, given by the producer and the same at every delivery. A plain accessor is text; `{ uuid: accessor }` takes 16 bytes. `'content'` makes
   * it of what the event says, for producers that give none: see {@link EventIdOf} for what breaks that.
   *
   * An id that comes again with the same time and another content is a reject, `id-conflict`; the first one counts. Only events are compared that arrived
   * as they are stored, not those that an operator before the transaction changed: a new release may change them otherwise. (One that changes them no
   * more finds what the old one stored: what is sent again across it may be kept as `id-conflict` beside what counted.) Whole events are the same when
   * they say the same, however they are spaced and their keys are ordered; where ids only are kept, when they came as the same text.
   */
  readonly id: EventIdOf<StandardSchemaV1.InferOutput<S>>;
  /** The event time. */
  readonly time: (event: StandardSchemaV1.InferOutput<S>) => EventTimeInput;
  /** Retention of the raw events and of their ids. `{ ids: … }` keeps ids and times only: smaller and faster, but nothing can be verified or rebuilt. */
  readonly keep: Keep | { readonly ids: Keep };
  /** Columns of the raw table beside the event's JSON; none by default. */
  readonly columns?: Readonly<Record<string, ColumnOf<StandardSchemaV1.InferOutput<S>>>>;
  /** For producers that stamp their retries anew: the id alone decides. Default: id and time do. See {@link DedupeOptions}. */
  readonly dedupe?: DedupeOptions;
  /** How far an event may be dated after its message was sent; later ones are rejects. Default `'1d'`. */
  readonly maxFuture?: Duration;
  /**
   * How long after its end a window waits for late events before it is final, by the watermark. Must exceed the visibility timeout, so that a crash
   * and its redelivery are never late. Default `'2m'`. `scalestream status` shows from what to choose it.
   */
  readonly lateness?: Duration;
  /**
   * What becomes of an event whose window is final: `'revise'` merges it all the same, and the window is `revised`; `'divert'` keeps it in the raw
   * table with `counted = false` and changes no window. Default `'revise'`.
   */
  readonly late?: Late;
  /** How far the clocks of queue and database may differ; the watermark stays so far behind. Default `'100ms'`. */
  readonly skew?: Duration;
}

/** See {@link EventTableOptions.late}. */
export type Late = 'revise' | 'divert';

/** The raw events of one kind: every event once, and the record of what was counted. */
export interface EventTable<T> {
  readonly kind: 'events';
  readonly name: string;
  readonly schema: StandardSchemaV1<unknown, T>;
  readonly id: EventId<T>;
  /** Where the id alone decides; otherwise id and time do. */
  readonly dedupe: Dedupe | undefined;
  readonly time: (event: T) => EventTimeInput;
  /** Days kept; `undefined` is forever. */
  readonly keepDays: number | undefined;
  /** Whether whole events are stored, or ids and times only. */
  readonly whole: boolean;
  readonly columns: Readonly<Record<string, Column<T>>>;
  /** Milliseconds. */
  readonly maxFuture: number;
  /** Milliseconds. */
  readonly lateness: number;
  readonly late: Late;
  /** Milliseconds. */
  readonly skew: number;
  /** Nothing but a type: what windows over it take. */
  readonly taken?: T;
}

/**
 * The event of a table whose type is not known where it is used. A table reads and writes its events, so no other type stands for all of them;
 * the engine hands each table its own events only.
 */
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyEvent = any;

const RESERVED = new Set(['event_time', 'event_id', 'counted', 'event']);
/** Where ids only are kept, the hash of what the event said. */
export const CONTENT = 'content';

const OPTIONS: readonly (keyof EventTableOptions<StandardSchemaV1>)[] = [
  'schema',
  'id',
  'time',
  'keep',
  'columns',
  'dedupe',
  'maxFuture',
  'lateness',
  'late',
  'skew',
];

const MS_PER_DAY = 86_400_000;

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
  identifier(name, where, 50); // partitions append _YYYYMMDD, the table of ids _ids
  knownOptions(options, OPTIONS, where);
  if (isRecord(options.keep)) knownOptions<{ readonly ids: Keep }>(options.keep, ['ids'], `${where} keep`);
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
    if (RESERVED.has(column) || (column === CONTENT && isRecord(options.keep))) throw reserved(where, column);
    columns[column] = asColumn(accessor, `${where} column '${column}'`);
  }
  const id = asEventId<T>(options.id, where);
  const keepDays = days(isRecord(options.keep) ? options.keep.ids : options.keep, where);
  const late = options.late ?? 'revise';
  declared(late === 'revise' || late === 'divert', `${where} late`, "'revise' or 'divert'", late, "late: 'revise'");
  return {
    kind: 'events',
    name,
    schema,
    id,
    dedupe: asDedupe(options.dedupe, (keepDays ?? Number.POSITIVE_INFINITY) * MS_PER_DAY, id.read === 'content', where),
    time,
    keepDays,
    whole: !isRecord(options.keep),
    columns,
    maxFuture: milliseconds(options.maxFuture ?? '1d', `${where} maxFuture`),
    lateness: milliseconds(options.lateness ?? '2m', `${where} lateness`),
    late,
    skew: milliseconds(options.skew ?? '100ms', `${where} skew`),
  };
}

/**
 * By what an event is compared with one of the same id and time: the stored event, or, where ids only are kept, the hash of its text. By nothing where
 * the id alone decides, and where it is the content already.
 */
export function comparedBy({ dedupe, id, whole }: EventTable<AnyEvent>): 'event' | 'hash' | undefined {
  if (dedupe || id.read === 'content') return undefined;
  return whole ? 'event' : 'hash';
}

/** The table of ids beside an event table where the id alone decides. */
export const idTable = ({ name }: Pick<EventTable<AnyEvent>, 'name'>): string => `${name}_ids`;

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
