import type { Clock } from '../clock.ts';
import type { Source } from '../source.ts';
import { bell } from './bell.ts';
import { type PullOptions, pullSettings } from './pull-options.ts';
import { pullSource } from './pull-source.ts';
import type { Arrival, Outcome, Queue } from './queue.ts';

/** A message to send: its body, and what a producer may add. */
export interface MessageToSend {
  readonly body: string;
  readonly attributes?: Readonly<Record<string, string>> | undefined;
}

/** {@link PullOptions}, and what the queue itself does. */
export interface MemoryQueueOptions extends PullOptions {
  /** Share of messages, 0 to 1, that come back once although they were deleted, as SQS may do. Default 0. */
  readonly duplicates?: number | undefined;
}

/** How many messages a queue holds. */
export interface QueueDepth {
  readonly waiting: number;
  /** With a consumer, or released and not yet due. */
  readonly inFlight: number;
}

/** A queue in memory, seen as a source. */
export interface MemoryQueue extends Source {
  send(...messages: readonly (string | MessageToSend)[]): void;
  depth(): QueueDepth;
  /** Another source on the same queue, as another worker has it. */
  another(options?: PullOptions): Source;
}

/**
 * The reference source: SQS's delivery in memory. Up to 10 messages a receive, visibility timeouts on the given clock, redelivery with a new
 * handle and a higher receive count, release with delay. For tests, benches and first steps; it is gone with its process.
 *
 * Delivery: at least once, for as long as the process lives.
 *
 * @example
 * const queue = memoryQueue(['{"id":"1"}', '{"id":"2"}']);
 * queue.messages.subscribe((delivery) => delivery.forEach((message) => message.custody.acknowledge()));
 */
export function memoryQueue(
  messages: readonly (string | MessageToSend)[] = [],
  options: MemoryQueueOptions = {},
): MemoryQueue {
  const settings = pullSettings(options);
  const store = memoryStore(settings.clock, options.duplicates ?? 0, settings.random);
  const sourceOf = (name: string, own: ReturnType<typeof pullSettings>) =>
    pullSource(name, store.consumer(own.visibilitySeconds), own);
  const source = sourceOf(options.name ?? 'memory', settings);
  store.send(messages);
  return {
    ...source,
    send: (...sent) => store.send(sent),
    depth: () => store.depth(),
    another: (own = {}) => {
      const merged = { ...options, ...own };
      return sourceOf(merged.name ?? 'memory', pullSettings(merged));
    },
  };
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

function memoryStore(clock: Clock, duplicates: number, random: () => number) {
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
    for (const stored of waiting) {
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

  const consumer = (visibilitySeconds: number): Queue => ({
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
    depth: async () => waiting.size + inFlight.size,
    failureOf: () => 'network',
    close() {},
  });

  return {
    send,
    consumer,
    depth(): QueueDepth {
      returnExpired();
      return { waiting: waiting.size, inFlight: inFlight.size };
    },
  };
}
