import type { Observable } from 'rxjs';
import type { Delivery } from './custody.ts';
import type { SpreadReading } from './spread.ts';

/** What a stage of the graph has seen of a source's messages since it started. */
export interface StageStats {
  /** As `Custody.at` was told. */
  readonly stage: string;
  /** Messages that came into it. */
  readonly entered: number;
  /** Messages in it now. */
  readonly held: number;
  /** Milliseconds with at least one message in it. */
  readonly occupiedMs: number;
}

/** What a source did with its time, in milliseconds since it started. */
export interface ReceivingMs {
  /** Messages waited, and it fetched them. */
  readonly busy: number;
  /** It had to wait: no credit was left, or the store was down. */
  readonly backpressured: number;
  /** It took all that came as it came. */
  readonly idle: number;
}

/** Calls of one kind to a queue, since the source started. */
export interface CallReading {
  readonly operation: 'receive' | 'delete' | 'extend' | 'release';
  /** Why they failed; absent: they did not. */
  readonly error?: 'refused' | 'throttled' | 'credentials' | 'network';
  /** How long they took. */
  readonly seconds: SpreadReading;
}

/** How long messages in custody may have been there, in seconds: the bounds of {@link QueueStats.ages}. */
export const AGE_SECONDS = [1, 10, 60, 600] as const;

/** Counts since the source started. `received` counts deliveries, redeliveries included. */
export interface SourceStats {
  readonly received: number;
  readonly redelivered: number;
  readonly acknowledged: number;
  readonly released: number;
  /** Messages that the author's graph lost: see {@link Custody.at}. */
  readonly lost: number;
  /** Messages in custody now, and the bytes they weigh. */
  readonly held: number;
  readonly heldBytes: number;
  /** The share of the source's credit that is in use: messages or bytes, whichever is more. */
  readonly credit: number;
  readonly receiving: ReceivingMs;
  /** In the order in which they were first entered. `received` and `committed` are passed in no time; `delete` and `release` are what the queue is told. */
  readonly stages: readonly StageStats[];
}

/** Everything that a source knows of one queue. */
export interface QueueStats extends SourceStats {
  /** Name of the source. */
  readonly source: string;
  readonly calls: readonly CallReading[];
  /** Receives that brought nothing. */
  readonly emptyPolls: number;
  /** Leases of messages: renewed, not renewed and tried again, and over although the message is held. */
  readonly leases: { readonly renewed: number; readonly failed: number; readonly ended: number };
  /** Seconds from receive to acknowledgement. */
  readonly processing: SpreadReading;
  /** Messages in custody by how long: up to each of {@link AGE_SECONDS}, then longer. */
  readonly ages: readonly number[];
  /** When the oldest undecided message was sent, by the queue's clock, milliseconds since 1970; `undefined` where nothing is held. */
  readonly oldestSentAt: number | undefined;
  /** When it last received a message, or started, by its processing clock. */
  readonly lastMessageAt: number;
  /** Now, by its processing clock. */
  readonly now: number;
}

/**
 * What a source knows of time: from it the watermark is computed. While something is held, `held` is all that counts.
 */
export interface SourceProgress {
  /** Name of the source. */
  readonly source: string;
  /**
   * When the oldest message in custody was sent, by the queue's clock, milliseconds since 1970; `undefined` when nothing is held. One that was released or lost
   * counts until it should be with somebody again.
   */
  readonly held: number | undefined;
  /** When that message was sent which was last in custody each time that it became empty: the latest of them; `undefined` before the first time. */
  readonly settled: number | undefined;
  /**
   * By the source's own processing clock: the start of the last receive that waited and found the queue empty while nothing was held. The queue's
   * own counts said so too, and the source was neither paused nor out of credit. Never goes back; `undefined` before there was one.
   */
  readonly emptyAt: number | undefined;
}

/** A message as a source reports it when the graph lost it. */
export interface LostMessage {
  readonly id: string;
  readonly source: string;
  readonly stage: string;
}

/**
 * A queue as pipelines see it. It delivers only while credit is left (messages and decoded bytes in custody below their limits): that is the
 * whole of backpressure.
 *
 * Delivery: at least once. A crash loses nothing: what was not acknowledged is delivered again.
 */
export interface Source {
  readonly name: string;
  /** What tells the queue behind it from all others; several where sources were merged. */
  readonly queues: readonly string[];
  /** How long a message stays away whose worker died, milliseconds; the longest where sources were merged; `undefined` where that is not for lateness to wait for. */
  readonly visibilityMs?: number | undefined;
  /** Receives while subscribed; completes after {@link stop}, once the receives under way have ended. One subscriber. */
  readonly messages: Observable<Delivery>;
  /** Stop receiving. Custody goes on: settle what is held, then await {@link drained}. */
  stop(): void;
  /** Stop asking for messages while the store is down; leases are kept. */
  pause(): void;
  resume(): void;
  /**
   * Resolves when every message in custody is settled and the queue was told. What is still held after `graceMs` is released.
   */
  drained(graceMs: number): Promise<void>;
  /** Whether the queue holds nothing: nothing waiting, delayed, or in custody of anybody, as far as it tells. */
  isEmpty(): Promise<boolean>;
  /** When the oldest message in custody was sent, milliseconds since 1970; `undefined` when nothing is held. */
  oldestHeld(): number | undefined;
  /** One entry for each queue, so one unless sources were merged. */
  progress(): readonly SourceProgress[];
  /** Of all its queues together. */
  stats(): SourceStats;
  /** Of each queue, for whoever watches: it looks at every message in custody. */
  details(): readonly QueueStats[];
}
