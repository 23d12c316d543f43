import type { Credit } from './credit.ts';
import { type Custodian, HeldMessage } from './held-message.ts';
import type { Arrival } from './queue.ts';

/** The messages in custody, by id, from receive to terminal outcome. */
export interface Holdings {
  readonly size: number;
  /** Takes custody; `undefined` where the message is in custody already and only its handle is new. */
  readonly take: (arrival: Arrival) => HeldMessage | undefined;
  /** The terminal outcome: the only place where credit returns. Later calls change nothing. */
  readonly settle: (message: HeldMessage) => void;
  readonly all: () => Iterable<HeldMessage>;
  /** When the oldest message was sent whose outcome the graph has not decided. */
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
  return {
    get size() {
      return held.size;
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
      credit.charge(message.weight);
      return message;
    },
    settle(message) {
      if (message.state === 'settled') return;
      message.state = 'settled';
      held.delete(message.id);
      credit.giveBack(message.weight);
      onSettled();
    },
    oldestSentAt() {
      let oldest: number | undefined;
      for (const message of held.values()) {
        if (message.state === 'held' && (oldest === undefined || message.sentAt < oldest)) oldest = message.sentAt;
      }
      return oldest;
    },
  };
}
