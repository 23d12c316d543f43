import type { Subscription } from 'rxjs';
import type { Message } from '../../src/custody.ts';
import type { Source } from '../../src/source.ts';

/** What a source delivered to a test. */
export interface Collected {
  readonly messages: readonly Message[];
  /** The sizes of the deliveries. */
  readonly sizes: readonly number[];
  /** The bodies, in order of arrival. */
  bodies(): string[];
  /** Resolves when `count` messages have arrived since the start. */
  received(count: number): Promise<readonly Message[]>;
  /** Resolves when the source completed; rejects when it failed. */
  readonly completed: Promise<void>;
  readonly subscription: Subscription;
}

/** Subscribes to a source; `each` sees each message first. */
export function collect(source: Source, each: (message: Message) => void = () => {}): Collected {
  const messages: Message[] = [];
  const sizes: number[] = [];
  const waiting: { readonly count: number; readonly resolve: (messages: readonly Message[]) => void }[] = [];
  const { promise: completed, resolve: complete, reject } = Promise.withResolvers<void>();
  const subscription = source.messages.subscribe({
    next(delivery) {
      sizes.push(delivery.length);
      for (const message of delivery) {
        messages.push(message);
        each(message);
      }
      for (const { count, resolve } of waiting) if (messages.length >= count) resolve(messages);
    },
    error: reject,
    complete,
  });
  return {
    messages,
    sizes,
    bodies: () => messages.map((message) => message.body),
    received: (count) =>
      new Promise((resolve) => {
        if (messages.length >= count) resolve(messages);
        else waiting.push({ count, resolve });
      }),
    completed,
    subscription,
  };
}
