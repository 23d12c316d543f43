import type { Trace } from './trace.ts';

/**
 * Custody is the duty to settle a message: acknowledge it (its events are safe, the queue may delete it) or release it (the queue delivers it
 * again). It begins at the receive and ends exactly once; later calls change nothing.
 */
export interface Custody {
  /** Every event of the message is committed, already there, or kept as a reject: delete it. */
  acknowledge(): void;
  /** Give it back undone; the queue delivers it again, later the more often it was received. */
  release(): void;
  /**
   * Where the message is now. `held` says that the stage keeps it on purpose (a buffer, a retry); a message that is in no such stage for a
   * whole visibility timeout is taken for lost by the author's graph: it is reported with its last stage and comes back by itself.
   */
  at(stage: string, held?: boolean): void;
  /** Adds decoded bytes to what the message weighs on the source's credit. */
  weigh(bytes: number): void;
}

/** One message as a queue delivered it, in our custody. */
export interface Message {
  /** The queue's id: the same at every redelivery of one send. */
  readonly id: string;
  /** Name of the source that delivered it. */
  readonly source: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** The producer's message group, where it set one: a FIFO queue's order, a fair queue's tenant. Order is not kept here. */
  readonly group?: string | undefined;
  /** When the queue accepted it, milliseconds since 1970, by the queue's clock. */
  readonly sentAt: number;
  /** How often it was delivered, this time included. */
  readonly receiveCount: number;
  readonly custody: Custody;
  /** The trace of its delivery, while that is sampled. */
  readonly trace?: Trace | undefined;
}

/** What one receive brought: one notification of a source. */
export type Delivery = readonly Message[];
