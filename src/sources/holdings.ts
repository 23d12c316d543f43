import type { Credit } from './credit.ts';
import type { DeliveryTrace } from './delivery-trace.ts';
import { type Custodian, HeldMessage } from './held-message.ts';
import type { Arrival } from './queue.ts';

/** The messages in custody, by id, from receive to terminal outcome. */
export interface Holdings {
  readonly size: number;
  /** How many have no outcome: those not acknowledged, and those given back or lost that nobody may have yet. */
  readonly undecided: number;
  /** See {@link SourceProgress.settled}. */
  readonly settledAt: number | undefined;
  /** Takes custody; `undefined` where the message is in custody already and only its handle is new. */
  readonly take: (arrival: Arrival, trace?: DeliveryTrace) => HeldMessage | undefined;
  /** Its events are safe, whether or not the queue deletes it. Call once. */
  readonly acknowledged: (message: HeldMessage) => void;
  /** The terminal outcome: the only place where credit returns. Later calls change nothing. */
  readonly settle: (message: HeldMessage) => void;
  readonly all: () => Iterable<HeldMessage>;
  /** When the oldest of the undecided messages was sent. */
  readonly oldestSentAt: () => number | undefined;
}

/** What was given back, or lost, is with somebody so long after the queue can deliver it, at the latest. */
const REDELIVERY_MS = 15_000;

/** Holdings that weigh on `credit`. `onSettled` is called after each settlement. */
export function holdings(
  source: string,
  visibilityMs: number,
  credit: Credit,
  custodian: Custodian,
  onSettled: () => void,
): Holdings {
  const held = new Map<string, HeldMessage>();
  /** Given back or lost: nobody holds them until they are delivered again, so no watermark may pass them meanwhile. */
  const departed = new Map<string, { readonly sentAt: number; readonly until: number }>();
  let undecided = 0;
  let settledAt: number | undefined;

  function acknowledged({ sentAt }: HeldMessage): void {
    undecided -= 1;
    if (undecided + absent() === 0) settledAt = Math.max(settledAt ?? sentAt, sentAt);
  }

  function depart({ id, sentAt, deadline, awaySeconds }: HeldMessage): void {
    const now = custodian.now();
    undecided -= 1;
    departed.set(id, { sentAt, until: Math.max(deadline, now + awaySeconds * 1_000) + REDELIVERY_MS });
  }

  function absent(): number {
    if (departed.size === 0) return 0;
    const now = custodian.now();
    for (const [id, { until }] of departed) if (until <= now) departed.delete(id);
    return departed.size;
  }

  return {
    get size() {
      return held.size;
    },
    get undecided() {
      return undecided + absent();
    },
    get settledAt() {
      return settledAt;
    },
    all: () => held.values(),
    take(arrival, trace) {
      const now = custodian.now();
      const known = held.get(arrival.id);
      if (known) {
        known.renewHandle(arrival, now, visibilityMs);
        return undefined;
      }
      const message = new HeldMessage(source, arrival, now, visibilityMs, custodian, trace);
      held.set(message.id, message);
      departed.delete(message.id);
      undecided += 1;
      credit.charge(message.weight);
      return message;
    },
    acknowledged,
    settle(message) {
      if (message.state === 'settled') return;
      if (message.state !== 'acknowledged') depart(message);
      message.end();
      held.delete(message.id);
      credit.giveBack(message.weight);
      onSettled();
    },
    oldestSentAt() {
      if (undecided + absent() === 0) return undefined;
      let oldest: number | undefined;
      for (const { sentAt } of departed.values()) if (oldest === undefined || sentAt < oldest) oldest = sentAt;
      for (const message of held.values()) {
        if (message.state !== 'acknowledged' && (oldest === undefined || message.sentAt < oldest))
          oldest = message.sentAt;
      }
      return oldest;
    },
  };
}
