import { type Entry, isAsArrived } from '../../batch.ts';
import { canonical, type Column } from '../../column.ts';
import { textHash } from '../../content.ts';
import { messageOf, StoreError } from '../../errors.ts';
import { type AnyEvent, comparedBy, type EventTable } from '../../event-table.ts';
import type { Micros } from '../../event-time.ts';
import type { Pipeline } from '../../pipeline.ts';
import { type Reject, rejectIdentity } from '../../reject.ts';
import type { Cells, Flush, Fold } from '../../store.ts';
import { type Stored, storedOf } from '../../stored.ts';
import type { WindowTable } from '../../window-table.ts';
import { windowEnds } from '../window-ends.ts';
import { storesEnd } from './merges.ts';
import { plainArray, RECORD_SEPARATOR, textArray } from './quote.ts';

/** What a flush adds of the worker that makes it. */
export interface FlushContext {
  readonly instance: string;
  readonly lifeMs: number;
  readonly horizon: Micros;
  /** Windows that end later are taken to be open; where they are not, the flush writes nothing. */
  readonly bound: Micros;
  /** The trace that the flush is in, 32 hexadecimal digits; `undefined` where it is not sampled. */
  readonly trace?: string | undefined;
}

/** The parameters of a flush, in the order of `flushStatement`. */
export function flushParameters(pipeline: Pipeline, flush: Flush, context: FlushContext): (string | null)[] {
  const { events, windows } = pipeline;
  const folds = new Map(flush.folds.map((fold) => [fold.table.name, fold]));
  const suspects = windowEnds(flush.folds, context.bound);
  const ids = flush.entries.map((entry) => entry.id);
  return [
    pipeline.name,
    pipeline.version,
    String(context.horizon),
    String(context.bound),
    plainArray([...suspects.keys()].map((position) => position + 1)),
    plainArray([...suspects.values()]),
    ...(windows.length > 0 ? [context.trace ?? null] : []),
    events.id.type === 'text' ? textArray(ids) : plainArray(ids),
    plainArray(flush.entries.map((entry) => entry.time)),
    ...(events.whole ? [flush.entries.map((entry) => entry.json).join(RECORD_SEPARATOR)] : []),
    ...(comparedBy(events) === 'hash' ? [hashArray(flush.entries)] : []),
    ...columnArrays(events, flush.entries),
    ...windows.flatMap((table) => foldArrays(table, folds.get(table.name))),
    context.instance,
    String(context.lifeMs),
    JSON.stringify(flush.rejects.map(rejectRecord)),
  ];
}

const hashArray = (entries: readonly Entry<unknown>[]): string =>
  plainArray(entries.map((entry) => (isAsArrived(entry) ? textHash(entry.raw) : null)));

function columnArrays(table: EventTable<AnyEvent>, entries: readonly Entry<unknown>[]): string[] {
  return Object.entries(table.columns).map(([name, { type, read }]) =>
    textArray(
      entries.map((entry) => {
        const value = canonical(type, readColumn(name, read, entry));
        if (value === undefined) throw new StoreError('event', 'column', `column '${name}': expected ${type}`);
        return value;
      }),
    ),
  );
}

function readColumn(name: string, read: Column<AnyEvent>['read'], entry: Entry<unknown>): unknown {
  try {
    return read(entry.value);
  } catch (error) {
    throw new StoreError('event', 'column', `column '${name}' threw: ${messageOf(error)}`, { cause: error });
  }
}

function foldArrays(table: WindowTable<AnyEvent>, fold: Fold | undefined): string[] {
  return storedOf(table).flatMap((stored, i) =>
    cellArrays(stored, i === 0 ? fold : fold?.items[i - 1], i === 0 && sendsEnd(table)),
  );
}

/** The end of an instant, of which sessions are made, is the instant. */
const sendsEnd = (table: WindowTable<AnyEvent>): boolean => storesEnd(table) && table.window.kind !== 'session';

/** What the cells of a relation are as parameters: the same wherever events, or windows, are folded into it. */
export function cellArrays({ inputs, key }: Stored, cells: Cells | undefined, hasEnd: boolean): string[] {
  if (!cells) return Array.from({ length: 3 + inputs.length + (hasEnd ? 1 : 0) + key.length }, () => '{}');
  return [
    plainArray(cells.event.map((position) => position + 1)),
    plainArray(cells.group.map((group) => group + 1)),
    ...cells.values.map((column, i) => (inputs[i] === 'text' ? textArray(column as string[]) : plainArray(column))),
    plainArray(cells.windows),
    ...(hasEnd ? [plainArray(cells.ends)] : []),
    ...cells.keys.map((column, i) => (key[i]?.type === 'text' ? textArray(column) : plainArray(column))),
  ];
}

const UNPRINTABLE = /\0/g;

function rejectRecord(reject: Reject) {
  return {
    identity: rejectIdentity(reject),
    reason: reject.reason,
    detail: reject.detail.slice(0, 2_000).toWellFormed().replaceAll(UNPRINTABLE, '\uFFFD'),
    stage: reject.stage,
    source: reject.message.source,
    message_id: reject.message.id,
    ordinal: reject.ordinal,
    sent_at: reject.message.sentAt,
    body: Buffer.from(reject.body).toString('base64'),
  };
}
