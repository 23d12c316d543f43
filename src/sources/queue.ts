/** A message as a queue hands it out. */
export interface Arrival {
  readonly id: string;
  /** What this delivery is called when it is deleted or extended; each delivery has its own. */
  readonly handle: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly group: string | undefined;
  /** What X-Ray wrote beside the message. */
  readonly awsTraceHeader?: string | undefined;
  /** Milliseconds since 1970, by the queue's clock. */
  readonly sentAt: number;
  readonly receiveCount: number;
}

/**
 * What became of one entry of a batch call:
 * - `done`: the queue did it.
 * - `stale`: the delivery is over; the message is gone or somebody else's. No error.
 * - `refused`: the queue will never do it.
 * - `retry`: not done, but asking again may help.
 */
export type Outcome = 'done' | 'stale' | 'refused' | 'retry';

/** Why a call failed: what to try next depends on it. */
export type Failure = 'refused' | 'throttled' | 'credentials' | 'network';

/** How long, in whole seconds from now, a delivery stays invisible to everybody else. */
export interface VisibilityChange {
  readonly handle: string;
  readonly seconds: number;
}

/** How many messages a queue holds; approximate where the queue only knows about. */
export interface QueueDepth {
  /** To be had now, or delayed by whoever sent them. */
  readonly waiting: number;
  /** With a consumer, or released and not yet due. */
  readonly inFlight: number;
}

/** Most entries of one call: SQS's limit. */
export const BATCH = 10;

/** What {@link pullSource} asks of a queue: SQS's five calls, with SQS's meaning. Every promise ends within a deadline of its own. */
export interface Queue {
  /** What tells it from all others, such as its URL. */
  readonly id: string;
  /** Up to `max` messages, as soon as there are any; none after `waitSeconds`. */
  receive(max: number, waitSeconds: number, signal: AbortSignal): Promise<readonly Arrival[]>;
  /** Deletes up to {@link BATCH} messages; one outcome for each handle, in order. */
  remove(handles: readonly string[]): Promise<readonly Outcome[]>;
  /** Up to {@link BATCH}; one outcome for each, in order. */
  changeVisibility(changes: readonly VisibilityChange[]): Promise<readonly Outcome[]>;
  depth(): Promise<QueueDepth>;
  failureOf(error: unknown): Failure;
  close(): void;
}
