import type { Custody, Message } from '../custody.ts';
import type { DeliveryTrace } from './delivery-trace.ts';
import type { Arrival } from './queue.ts';
import type { Stage } from './stage-clock.ts';

/** Where messages in custody report what the graph did with them. */
export interface Custodian {
  readonly now: () => number;
  readonly acknowledged: (message: HeldMessage) => void;
  readonly released: (message: HeldMessage) => void;
  readonly weighed: (bytes: number) => void;
  readonly stage: (name: string) => Stage;
}

/**
 * A message in custody, and its custody, in one object: there is one for every message received, so it is a class and not closures.
 *
 * `held` → `acknowledged` or `released` (by the graph, once) → `settled` (the queue was told), or `held` → `settled` where it was lost.
 * Only a `held` message's lease is renewed. Whatever the state before `settled`, a redelivery of it only brings a newer handle.
 */
export class HeldMessage implements Message, Custody {
  readonly id: string;
  readonly source: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly group: string | undefined;
  readonly sentAt: number;
  readonly receiveCount: number;
  readonly custody: Custody;
  readonly trace: DeliveryTrace | undefined;

  state: 'held' | 'acknowledged' | 'released' | 'settled' = 'held';
  handle: string;
  /** When this delivery began; no lease lasts longer than 12 h from here. */
  receivedAt: number;
  /** When the queue gives the message to somebody else, unless the lease is renewed. */
  deadline: number;
  /** The queue disowned this delivery, or it is too old: renewing is over until a newer one comes. */
  leaseEnded = false;
  renewing = false;
  weight: number;
  inHoldingStage = false;
  stageSince: number;
  /** Failed attempts to tell the queue of the outcome. */
  attempts = 0;
  /** For how long a released message stays away. */
  awaySeconds = 0;

  readonly #custodian: Custodian;
  #stage: Stage;

  constructor(
    source: string,
    arrival: Arrival,
    now: number,
    visibilityMs: number,
    custodian: Custodian,
    trace: DeliveryTrace | undefined,
  ) {
    this.id = arrival.id;
    this.source = source;
    this.body = arrival.body;
    this.attributes = arrival.attributes;
    this.group = arrival.group;
    this.sentAt = arrival.sentAt;
    this.receiveCount = arrival.receiveCount;
    this.custody = this;
    this.trace = trace;
    this.handle = arrival.handle;
    this.receivedAt = now;
    this.deadline = now + visibilityMs;
    this.weight = arrival.body.length;
    this.stageSince = now;
    this.#custodian = custodian;
    this.#stage = custodian.stage('received');
    this.#stage.enter(now);
  }

  get stage(): string {
    return this.#stage.name;
  }

  acknowledge(): void {
    if (this.state !== 'held') return;
    this.state = 'acknowledged';
    this.#goes('delete');
    this.#custodian.acknowledged(this);
  }

  release(): void {
    if (this.state !== 'held') return;
    this.giveBack();
    this.#custodian.released(this);
  }

  /** As {@link release}, without telling the custodian. */
  giveBack(): void {
    this.state = 'released';
    this.#goes('release');
  }

  at(stage: string, held = false): void {
    if (this.state !== 'held') return;
    this.inHoldingStage = held;
    this.stageSince = this.#goes(stage);
  }

  /** The terminal outcome; the stage it was in last is what it keeps. */
  end(): void {
    const now = this.#custodian.now();
    this.trace?.settled(this.state === 'held' ? 'lost' : this.state === 'released' ? 'released' : 'acknowledged', now);
    this.state = 'settled';
    this.#stage.leave(now);
  }

  #goes(stage: string): number {
    const now = this.#custodian.now();
    if (stage !== this.#stage.name) {
      this.#stage.leave(now);
      this.#stage = this.#custodian.stage(stage);
      this.#stage.enter(now);
      this.trace?.at(stage, now);
    }
    return now;
  }

  weigh(bytes: number): void {
    if (this.state === 'settled') return;
    this.weight += bytes;
    this.#custodian.weighed(bytes);
  }

  /** The queue delivered the message again while it was held: only the newest handle is sure to delete it. */
  renewHandle(arrival: Arrival, now: number, visibilityMs: number): void {
    this.handle = arrival.handle;
    this.receivedAt = now;
    this.deadline = now + visibilityMs;
    this.leaseEnded = false;
  }
}
