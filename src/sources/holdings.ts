import type { Credit } from './credit.ts';
import { type Custodian, HeldMessage } from './held-message.ts';
import type { Arrival } from './queue.ts';

/** The messages in custody, by id, from receive to terminal outcome. */
export interface Holdings {
  readonly size: number;
  /** How many of them have no outcome: neither acknowledged, nor released with the queue told of it. */
  readonly undecided: number;
  /** See {@link SourceProgress.settled}. */
  readonly settledAt: number | undefined;
  /** Takes custody; `undefined` where the message is in custody already and only its handle is new. */
  readonly take: (arrival: Arrival) => HeldMessage | undefined;
  /** Its events are safe, whether or not the queue deletes it. Call once. */
  readonly acknowledged: (message: HeldMessage) => void;
  /** The terminal outcome: the only place where credit returns. Later calls change nothing. */
  readonly settle: (message: HeldMessage) => void;
  readonly all: () => Iterable<HeldMessage>;
  /** When the oldest of the undecided messages was sent. */
  readonly oldestSentAt: () => number | undefined;
}

/** Holdings that weigh on `credit`. `onSettled` is called after each settlement. */
export function holdings(
  source: string,
  visibilityMs: number,
  credit: Credit,
  custodian: Custodian,
  onSettled: () => void,
): Holdings {
  const held = new Map<string, HeldMessage>();
  let undecided = 0;
  let settledAt: number | undefined;

  function decided({ sentAt }: HeldMessage): void {
    undecided -= 1;
    if (undecided === 0) settledAt = Math.max(settledAt ?? sentAt, sentAt);
  }

  return {
    get size() {
      return held.size;
    },
    get undecided() {
      return undecided;
    },
    get settledAt() {
      return settledAt;
    },
    all: () => held.values(),
    take(arrival) {
      const now = custodian.now();
      const known = held.get(arrival.id);
      if (known) {
        known.renewHandle(arrival, now, visibilityMs);
        return undefined;
      }
      const message = new HeldMessage(source, arrival, now, visibilityMs, custodian);
      held.set(message.id, message);
      undecided += 1;
      credit.charge(message.weight);
      return message;
    },
    acknowledged: decided,
    settle(message) {
      if (message.state === 'settled') return;
      if (message.state !== 'acknowledged') decided(message);
      message.state = 'settled';
      held.delete(message.id);
      credit.giveBack(message.weight);
      onSettled();
    },
    oldestSentAt() {
      if (undecided === 0) return undefined;
      let oldest: number | undefined;
      for (const message of held.values()) {
        if (message.state !== 'acknowledged' && (oldest === undefined || message.sentAt < oldest))
          oldest = message.sentAt;
      }
      return oldest;
    },
  };
}
