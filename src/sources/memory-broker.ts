import type { Clock } from '../clock.ts';
import { bell } from './bell.ts';
import type { Arrival, Outcome, Queue, QueueDepth } from './queue.ts';

/** A message to send: its body, and what a producer may add. */
export interface MessageToSend {
  readonly body: string;
  readonly attributes?: Readonly<Record<string, string>> | undefined;
}

export interface BrokerOptions {
  /** Share of messages, 0 to 1, that come back once although they were deleted, as SQS may do. Default 0. */
  readonly duplicates?: number | undefined;
  /** Whether messages are handed out in any order, as SQS does. Default: in the order in which they came. */
  readonly disorder?: boolean | undefined;
  /** A number from 0 to below 1. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/** The server behind a queue in memory: any number of consumers share it. */
export interface MemoryBroker {
  send(messages: readonly (string | MessageToSend)[]): void;
  consumer(visibilitySeconds: number): Queue;
  depth(): QueueDepth;
  /** Ends every lease at once: what is in flight is handed out again, and the handles there are lose their power. */
  expire(): void;
}

interface Stored {
  readonly id: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly sentAt: number;
  receiveCount: number;
  handle: string;
  visibleAt: number;
  comesBack: boolean;
}

let brokers = 0;

/** SQS's delivery in memory; see {@link memoryQueue}. */
export function memoryBroker(
  clock: Clock,
  { duplicates = 0, disorder = false, random = Math.random }: BrokerOptions = {},
): MemoryBroker {
  const id = `memory ${++brokers}`;
  const waiting = new Set<Stored>();
  const inFlight = new Map<string, Stored>();
  const changed = bell(clock);
  let nextVisibleAt = Number.POSITIVE_INFINITY;
  let ids = 0;

  function send(messages: readonly (string | MessageToSend)[]): void {
    for (const message of messages) {
      const { body, attributes = {} } = typeof message === 'string' ? { body: message } : message;
      const comesBack = duplicates > 0 && random() < duplicates;
      ids += 1;
      const id = `memory-${ids}`;
      waiting.add({ id, body, attributes, sentAt: clock.now(), receiveCount: 0, handle: '', visibleAt: 0, comesBack });
    }
    changed.ring();
  }

  function returnExpired(): void {
    const now = clock.now();
    if (now < nextVisibleAt) return;
    nextVisibleAt = Number.POSITIVE_INFINITY;
    for (const [handle, stored] of inFlight) {
      if (stored.visibleAt > now) {
        nextVisibleAt = Math.min(nextVisibleAt, stored.visibleAt);
        continue;
      }
      inFlight.delete(handle);
      waiting.add(stored);
    }
  }

  function hideUntil(stored: Stored, visibleAt: number): void {
    stored.visibleAt = visibleAt;
    nextVisibleAt = Math.min(nextVisibleAt, visibleAt);
    changed.ring();
  }

  function take(max: number, visibilityMs: number): Arrival[] {
    returnExpired();
    const taken: Arrival[] = [];
    for (const stored of disorder ? shuffled(waiting) : waiting) {
      if (taken.length === max) break;
      waiting.delete(stored);
      stored.receiveCount += 1;
      stored.handle = `${stored.id}#${stored.receiveCount}`;
      inFlight.set(stored.handle, stored);
      hideUntil(stored, clock.now() + visibilityMs);
      const { id, handle, body, attributes, sentAt, receiveCount } = stored;
      taken.push({ id, handle, body, attributes, group: undefined, sentAt, receiveCount });
    }
    return taken;
  }

  function shuffled(messages: Iterable<Stored>): Stored[] {
    const drawn = [...messages].map((stored) => ({ stored, at: random() }));
    return drawn.sort((a, b) => a.at - b.at).map(({ stored }) => stored);
  }

  function remove(handle: string): Outcome {
    const stored = inFlight.get(handle);
    if (!stored) return 'stale';
    if (stored.comesBack) {
      stored.comesBack = false;
      hideUntil(stored, clock.now());
    } else {
      inFlight.delete(handle);
    }
    return 'done';
  }

  function depth(): QueueDepth {
    returnExpired();
    return { waiting: waiting.size, inFlight: inFlight.size };
  }

  const consumer = (visibilitySeconds: number): Queue => ({
    id,
    async receive(max, waitSeconds, signal) {
      const until = clock.now() + waitSeconds * 1_000;
      signal.addEventListener('abort', changed.ring, { once: true });
      for (;;) {
        signal.throwIfAborted();
        const taken = take(max, visibilitySeconds * 1_000);
        const rest = Math.min(until, nextVisibleAt) - clock.now();
        if (taken.length > 0 || clock.now() >= until) return taken;
        await changed.heard(Math.max(1, rest));
      }
    },
    remove: async (handles) => handles.map(remove),
    changeVisibility: async (changes) =>
      changes.map(({ handle, seconds }) => {
        const stored = inFlight.get(handle);
        if (!stored) return 'stale';
        hideUntil(stored, clock.now() + seconds * 1_000);
        return 'done';
      }),
    depth: async () => depth(),
    failureOf: () => 'network',
    close() {},
  });

  return {
    send,
    consumer,
    expire() {
      for (const stored of inFlight.values()) hideUntil(stored, clock.now());
    },
    depth,
  };
}
