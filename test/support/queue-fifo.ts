import type { Clock } from '../../src/clock.ts';
import type { Arrival, Queue } from '../../src/sources/queue.ts';

/** A message of a FIFO queue. */
export interface GroupedMessage {
  readonly group: string;
  readonly body: string;
}

interface Stored extends GroupedMessage {
  readonly id: string;
  readonly sentAt: number;
  receives: number;
  handle: string | undefined;
  visibleAt: number;
}

const TICK_MS = 100;

/**
 * A FIFO queue as AWS has it: one receive brings as many messages of a group as it may, and while any of them is in flight no other of the group is
 * handed out. The local server hands out one of a group at a time.
 */
export function fifoQueue(clock: Clock, messages: readonly GroupedMessage[], visibilitySeconds: number): Queue {
  let stored = messages.map<Stored>(({ group, body }, i) => ({
    group,
    body,
    id: `fifo-${i}`,
    sentAt: clock.now(),
    receives: 0,
    handle: undefined,
    visibleAt: 0,
  }));
  const inFlight = ({ handle, visibleAt }: Stored) => handle !== undefined && visibleAt > clock.now();

  function take(max: number): Arrival[] {
    const blocked = new Set(stored.filter(inFlight).map(({ group }) => group));
    return stored
      .filter(({ group }) => !blocked.has(group))
      .slice(0, max)
      .map((message) => {
        const { id, body, group, sentAt } = message;
        message.receives += 1;
        message.visibleAt = clock.now() + visibilitySeconds * 1_000;
        const handle = (message.handle = `${id}#${message.receives}`);
        return { id, handle, body, attributes: {}, group, sentAt, receiveCount: message.receives };
      });
  }

  const ours = (handle: string) => stored.find((message) => message.handle === handle && inFlight(message));
  return {
    id: 'fifo',
    async receive(max, waitSeconds) {
      const until = clock.now() + waitSeconds * 1_000;
      for (;;) {
        const taken = take(max);
        if (taken.length > 0 || clock.now() >= until) return taken;
        await new Promise<void>((resolve) => void clock.after(TICK_MS, resolve));
      }
    },
    remove: async (handles) =>
      handles.map((handle) => {
        const message = ours(handle);
        stored = stored.filter((other) => other !== message);
        return message ? 'done' : 'stale';
      }),
    changeVisibility: async (changes) =>
      changes.map(({ handle, seconds }) => {
        const message = ours(handle);
        if (!message) return 'stale';
        message.visibleAt = clock.now() + seconds * 1_000;
        return 'done';
      }),
    depth: async () => {
      const flying = stored.filter(inFlight).length;
      return { waiting: stored.length - flying, inFlight: flying };
    },
    failureOf: () => 'network',
    close: () => undefined,
  };
}
