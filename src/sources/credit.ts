/** Room promised to one receive. */
export interface Reservation {
  /** How many messages the receive may bring. */
  readonly messages: number;
  /** Ends the promise; what the receive brought is charged one by one. Later calls change nothing. */
  readonly end: () => void;
}

/**
 * The whole of backpressure: how many messages and bytes may be in custody at once. Room is reserved before a receive and charged after it;
 * it comes back only when a message reaches its one terminal outcome. At rest `messages` and `bytes` are exactly what is held.
 */
export interface Credit {
  readonly messages: number;
  readonly bytes: number;
  /** Room for one receive, or `undefined` while there is none. */
  readonly reserve: () => Reservation | undefined;
  /** One message came into custody. */
  readonly charge: (bytes: number) => void;
  /** A message in custody turned out to weigh more. */
  readonly weigh: (bytes: number) => void;
  /** One message left custody, with all it weighed. */
  readonly giveBack: (bytes: number) => void;
  readonly hasRoom: () => boolean;
  /** Whether what is held leaves no room for a receive, even if none were under way. */
  readonly isSpent: () => boolean;
}

/** What a message is taken to weigh before any was seen. */
const FIRST_GUESS = 16_384;
/** How much of the heaviest recent message is forgotten with each one that leaves. */
const FORGET = 0.01;

/**
 * Credit for `maxMessages` and `maxBytes`. A message's weight is known only after it was received and decoded, so a receive reserves
 * what the heaviest of the recent ones weighed: the limit is overshot by no more than one surprising receive a poller. Where nothing is held
 * one receive is always allowed, so that a message heavier than the limit passes alone instead of stopping the queue.
 *
 * @param onRoom called whenever room came back.
 */
export function messageCredit(maxMessages: number, maxBytes: number, batch: number, onRoom: () => void): Credit {
  const ask = Math.min(batch, maxMessages);
  let messages = 0;
  let bytes = 0;
  let reserved = 0;
  let reservedBytes = 0;
  let heaviest = FIRST_GUESS;

  function hasRoom(): boolean {
    if (messages + reserved + ask > maxMessages) return false;
    return messages + reserved === 0 || bytes + reservedBytes + ask * heaviest <= maxBytes;
  }

  function isSpent(): boolean {
    return messages + ask > maxMessages || (messages > 0 && bytes + ask * heaviest > maxBytes);
  }

  return {
    get messages() {
      return messages;
    },
    get bytes() {
      return bytes;
    },
    hasRoom,
    isSpent,
    reserve() {
      if (!hasRoom()) return undefined;
      const weight = ask * heaviest;
      reserved += ask;
      reservedBytes += weight;
      let open = true;
      return {
        messages: ask,
        end() {
          if (!open) return;
          open = false;
          reserved -= ask;
          reservedBytes -= weight;
          onRoom();
        },
      };
    },
    charge(weight) {
      messages += 1;
      bytes += weight;
    },
    weigh(weight) {
      bytes += weight;
    },
    giveBack(weight) {
      messages -= 1;
      bytes -= weight;
      heaviest = Math.max(weight, heaviest * (1 - FORGET));
      onRoom();
    },
  };
}
