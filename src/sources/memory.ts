import type { Source } from '../source.ts';
import { memoryBroker, type MessageToSend } from './memory-broker.ts';
import { type PullOptions, pullSettings } from './pull-options.ts';
import { pullSource } from './pull-source.ts';
import type { QueueDepth } from './queue.ts';

/** {@link PullOptions}, and what the queue itself does. */
export interface MemoryQueueOptions extends PullOptions {
  /** Share of messages, 0 to 1, that come back once although they were deleted, as SQS may do. Default 0. */
  readonly duplicates?: number | undefined;
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
  const broker = memoryBroker(settings.clock, { duplicates: options.duplicates, random: settings.random });
  const sourceOf = (name: string, own: ReturnType<typeof pullSettings>) =>
    pullSource(name, broker.consumer(own.visibilitySeconds), own);
  const source = sourceOf(options.name ?? 'memory', settings);
  broker.send(messages);
  return {
    ...source,
    send: (...sent) => broker.send(sent),
    depth: () => broker.depth(),
    another: (own = {}) => {
      const merged = { ...options, ...own };
      return sourceOf(merged.name ?? 'memory', pullSettings(merged));
    },
  };
}
