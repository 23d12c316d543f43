import type { Message } from './custody.ts';
import type { Micros } from './event-time.ts';
import type { Reject } from './reject.ts';

/** One event on its way: its value, its identity, and where it came from. */
export interface Entry<T> {
  readonly value: T;
  /** The event id, in the form the store compares. */
  readonly id: string;
  readonly time: Micros;
  /** The event as JSON, as it arrived; a child's is its parent's. */
  readonly raw: string;
  /** The event as JSON; `undefined` once an operator changed it. */
  readonly json: string | undefined;
  readonly message: Message;
  /** Its place in the message, from 0. */
  readonly ordinal: number;
  /** Its place in the flush, from 0; -1 outside a transaction. */
  readonly position: number;
  /** It says what somebody else answered (`enrich`), also where that changed nothing: its next delivery may say another thing, and is the same event. */
  readonly enriched?: true;
}

/** Whether what is stored of an event is what arrived, at every delivery: no operator changed it. */
export const isAsArrived = ({ json, raw, enriched }: Entry<unknown>): boolean => json === raw && !enriched;

declare const fresh: unique symbol;

/**
 * What travels the graph in one RxJS notification: many events, what became of the others, and custody of all their messages.
 * A message is in exactly one batch, whole. `F` is true inside a transaction only; see {@link Fresh}.
 */
export interface Batch<T, F extends boolean = false> {
  readonly entries: readonly Entry<T>[];
  readonly rejects: readonly Reject[];
  readonly messages: readonly Message[];
  /** Events that the author's filters took out: settled with their message. */
  readonly filtered: number;
  readonly [fresh]?: F;
}

/** A batch whose events count if, and only if, the store finds them new. Only these can be folded; only `transaction` makes them. */
export type Fresh<T> = Batch<T, true>;

/** Says of every message where it is now. See `Custody.at`. */
export function mark(messages: readonly Message[], stage: string, held = false): void {
  for (const message of messages) message.custody.at(stage, held);
}
