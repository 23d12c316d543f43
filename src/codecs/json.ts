import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Entry } from '../batch.ts';
import { canonical, MAX_TEXT_BYTES } from '../column.ts';
import { contentId } from '../content.ts';
import type { Message } from '../custody.ts';
import { ConfigError, messageOf } from '../errors.ts';
import type { EventTable } from '../event-table.ts';
import { eventTime, MICROS_PER_MS } from '../event-time.ts';
import type { Reject } from '../reject.ts';
import { decompress } from './decompress.ts';
import { openEnvelope } from './envelope.ts';
import { parseRecords } from './parse-json.ts';
import { recordsOf } from './records.ts';
import { Refusal } from './refusal.ts';

/** Makes events of messages. Nothing is dropped: what is no event becomes a reject. */
export interface Decoder<T> {
  readonly table: EventTable<T>;
  decode(message: Message, entries: Entry<T>[], rejects: Reject[]): void;
}

export interface JsonOptions {
  /** Largest decoded size of a message in bytes. Default 8 MiB. */
  readonly maxBytes?: number;
  /** Most records in a message; one that holds more becomes one reject. Default 100,000. */
  readonly maxRecords?: number;
  /** `'auto'` opens SNS and EventBridge envelopes; `'none'` takes them for events. Default `'auto'`. */
  readonly envelope?: 'auto' | 'none';
}

/** What an event costs in memory beside its text, at least. */
const RECORD_BYTES = 256;
/** So many are within what a message may cost. */
const FEW = 100;

/**
 * Decodes messages that carry a JSON event, a JSON array of events or NDJSON, plain or as base64 of gzip or zstd, bare or in the envelope of
 * SNS or EventBridge, into the events of `table`.
 *
 * @example
 * messages.pipe(decode(json(shopEvents)))
 */
export function json<T>(
  table: EventTable<T>,
  { maxBytes = 8 * 2 ** 20, maxRecords = 100_000, envelope = 'auto' }: JsonOptions = {},
): Decoder<T> {
  atLeastOne('maxBytes', maxBytes);
  atLeastOne('maxRecords', maxRecords);
  const identify = identifier(table);
  return {
    table,
    decode(message, entries, rejects) {
      const reject = (refusal: Refusal, ordinal: number, body: string, knownBy?: string): void => {
        const { reason, detail } = refusal;
        rejects.push({ reason, detail, stage: 'decode', message, ordinal, position: -1, body, knownBy });
      };
      const text = unpack(message, maxBytes, envelope);
      if (text instanceof Refusal) return reject(text, -1, message.body);
      const records = recordsOf(text, maxRecords);
      if (records instanceof Refusal) return reject(records, -1, message.body);
      const weight = Math.max(text.length, records.length > FEW ? records.length * RECORD_BYTES : 0);
      if (weight > message.body.length) message.custody.weigh(weight - message.body.length);
      const values = parseRecords(text, records);
      for (let ordinal = 0; ordinal < records.length; ordinal++) {
        const record = records[ordinal] as string;
        const raw = values[ordinal];
        const event = raw instanceof Refusal ? raw : identify(raw, message.sentAt);
        if (!(event instanceof Refusal)) {
          const { value, id, time } = event;
          entries.push({ value, id, time, raw: record, json: record, message, ordinal, position: -1 });
        } else
          reject(event, ordinal, record, !(raw instanceof Refusal) && namesItself(table, raw) ? record : undefined);
      }
    },
  };
}

function unpack(message: Message, limit: number, envelope: 'auto' | 'none'): string | Refusal {
  const text = decompress(message.body, message.attributes['content-encoding'], limit);
  const enclosed = envelope === 'auto' && !(text instanceof Refusal) ? openEnvelope(text) : undefined;
  return enclosed ? decompress(enclosed.text, enclosed.encoding, limit) : text;
}

function atLeastOne(option: string, value: number): void {
  if (value >= 1) return;
  throw new ConfigError({
    where: `json(${option})`,
    expected: '1 or more',
    got: String(value),
    fix: 'leave it out for the default',
  });
}

/** An event as its table's schema makes it, with its id and time in the form Postgres compares. */
export type Identified<T> = Pick<Entry<T>, 'value' | 'id' | 'time'>;

/** Validates a raw value that was sent then, in milliseconds, and takes its id and time. */
export function identifier<T>(table: EventTable<T>): (raw: unknown, sentAt: number) => Identified<T> | Refusal {
  const validate = validator(table);
  return (raw, sentAt) => {
    const value = validate(raw);
    if (value instanceof Refusal) return value;
    try {
      const { read } = table.id;
      const given = read === 'content' ? contentId(raw) : read(value.value);
      const id = canonical(table.id.type, given);
      if (!id) return new Refusal('no-id', `expected an id of type ${table.id.type}; got ${show(given)}`);
      if (id.length * 3 > MAX_TEXT_BYTES && Buffer.byteLength(id) > MAX_TEXT_BYTES) {
        return new Refusal('no-id', `expected an id of at most ${MAX_TEXT_BYTES} bytes; got ${Buffer.byteLength(id)}`);
      }
      const input = table.time(value.value);
      const time = eventTime(input);
      if (time === undefined)
        return new Refusal('no-time', `expected a time from 1970 to 2250, text with its offset; got ${show(input)}`);
      if (time > (sentAt + table.maxFuture) * MICROS_PER_MS) {
        return new Refusal('in-future', `${show(input)} is more than ${table.maxFuture} ms after its message was sent`);
      }
      return { value: value.value, id, time };
    } catch (error) {
      return new Refusal('callback', `id or time of table '${table.name}' threw: ${messageOf(error)}`);
    }
  };
}

/** The schema as a function that never throws for a bad value. */
export function validator<T>(table: EventTable<T>): (raw: unknown) => { readonly value: T } | Refusal {
  const { validate } = table.schema['~standard'];
  return (raw) => {
    let result: StandardSchemaV1.Result<T> | Promise<StandardSchemaV1.Result<T>>;
    try {
      result = validate(raw);
    } catch (error) {
      return new Refusal('schema', `the schema threw: ${messageOf(error)}`);
    }
    if (result instanceof Promise) {
      result.catch(() => {}); // heard, or it would end the process
      const thrown = thrownBy(table.schema, raw);
      if (thrown) return new Refusal('schema', `the schema threw: ${messageOf(thrown.error)}`);
      throw new ConfigError({
        where: `eventTable('${table.name}') schema`,
        expected: 'a synchronous schema',
        got: 'a promise',
        fix: 'move what must wait out of the schema',
      });
    }
    return result.issues ? new Refusal('schema', issuesOf(result.issues)) : result;
  };
}

/**
 * Zod takes whatever a schema throws for a sign that it is asynchronous and answers with a promise; its own parser tells the two apart. A poisonous
 * event must not pass for a mistake in the declaration, which stops the worker.
 */
function thrownBy(schema: object, raw: unknown): { readonly error: unknown } | undefined {
  if (!('safeParse' in schema) || typeof schema.safeParse !== 'function') return undefined;
  try {
    schema.safeParse(raw);
    return undefined;
  } catch (error) {
    return messageOf(error).includes('synchronous parse') ? undefined : { error };
  }
}

function issuesOf(issues: readonly StandardSchemaV1.Issue[]): string {
  const shown = issues.slice(0, 5).map(({ path, message }) => {
    const at = path?.map((segment) => String(typeof segment === 'object' ? segment.key : segment)).join('.');
    return at ? `${at}: ${message}` : message;
  });
  return shown.join('; ') + (issues.length > shown.length ? `; and ${issues.length - shown.length} more` : '');
}

/** Whether a value that failed names its own id, so that the same body is known again. */
function namesItself<T>(table: EventTable<T>, raw: unknown): boolean {
  try {
    const { type, read } = table.id;
    return typeof raw === 'object' && raw !== null && (read === 'content' || Boolean(canonical(type, read(raw as T))));
  } catch {
    return false;
  }
}

function show(value: unknown): string {
  const shown = typeof value === 'string' ? JSON.stringify(value) : messageOf(value);
  return shown.length > 80 ? `${shown.slice(0, 80)}…` : shown;
}
