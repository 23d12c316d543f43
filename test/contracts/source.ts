import { afterEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { LostMessage, Source } from '../../src/source.ts';
import type { PullOptions } from '../../src/sources/pull-options.ts';
import { type Collected, collect } from '../support/collect.ts';

/** A queue of its own for one test. */
export interface QueueUnderTest {
  /** A source on the queue; each call is another consumer. */
  connect(options?: PullOptions): Promise<Source>;
  send(bodies: readonly string[]): Promise<void>;
  counts(): Promise<{ readonly waiting: number; readonly inFlight: number }>;
  close(): Promise<void>;
}

const PATIENCE = { timeout: 30_000, interval: 5 };
const numbered = (count: number) => Array.from({ length: count }, (_, i) => `message ${i}`);
const acknowledgeAll = (collected: Collected) => {
  for (const message of collected.messages) message.custody.acknowledge();
};

/** What every source must do. Run it on each implementation. */
export function sourceContract(name: string, make: () => Promise<QueueUnderTest>): void {
  describe(`${name} keeps the source contract`, () => {
    const open: (() => Promise<void>)[] = [];
    afterEach(async () => {
      for (const close of open.splice(0).toReversed()) await close();
    });

    async function queueWith(bodies: readonly string[]): Promise<QueueUnderTest> {
      const queue = await make();
      open.push(() => queue.close());
      await queue.send(bodies);
      return queue;
    }

    async function connected(queue: QueueUnderTest, options: PullOptions = {}): Promise<Source> {
      const source = await queue.connect({ waitSeconds: 1, ...options });
      open.push(() => source.drained(0));
      return source;
    }

    test('every message is delivered, with its origin, its age and its receive count', async () => {
      const queue = await queueWith(numbered(25));
      const source = await connected(queue, { name: 'orders' });
      const collected = collect(source);
      await collected.received(25);
      expect(collected.bodies().sort()).toEqual(numbered(25).sort());
      expect(new Set(collected.messages.map((message) => `${message.source} ${message.id}`)).size).toBe(25);
      expect(collected.sizes.every((size) => size >= 1 && size <= 10)).toBe(true);
      const origins = source.progress().map((each) => each.source);
      expect(source.name).toBe(origins.join('+'));
      expect(source.name).toContain('orders');
      expect(new Set(collected.messages.map((message) => message.source))).toEqual(new Set(origins));
      expect(collected.messages.every((m) => m.receiveCount === 1 && m.sentAt > 0)).toBe(true);
      expect(source.oldestHeld()).toBe(Math.min(...collected.messages.map(({ sentAt }) => sentAt)));
    });

    test('an acknowledged message is gone from the queue, one that is not stays in it', async () => {
      const queue = await queueWith(numbered(12));
      const source = await connected(queue);
      const collected = collect(source);
      for (const message of (await collected.received(12)).slice(0, 11)) message.custody.acknowledge();
      await vi.waitFor(() => expect(source.stats()).toMatchObject({ acknowledged: 11, held: 1 }), PATIENCE);
      expect(await queue.counts()).toEqual({ waiting: 0, inFlight: 1 });
    });

    test('it says that the queue is empty only when nothing waits, nothing is held and it was so twice', async () => {
      const queue = await queueWith(numbered(1));
      const source = await connected(queue);
      const collected = collect(source);
      await collected.received(1);
      expect(await source.isEmpty()).toBe(false);
      expect(await source.isEmpty()).toBe(false);
      acknowledgeAll(collected);
      await vi.waitFor(() => expect(source.stats().held).toBe(0), PATIENCE);
      expect(await source.isEmpty()).toBe(false);
      expect(await source.isEmpty()).toBe(true);
      expect(source.oldestHeld()).toBeUndefined();
    });

    test('it knows the time of the oldest message that it holds, of the last one settled, and of a poll that found nothing', async () => {
      const queue = await queueWith([]);
      const source = await connected(queue);
      const before = systemClock.now();
      const collected = collect(source);
      await vi.waitFor(
        () => expect(source.progress().every(({ emptyAt = 0 }) => emptyAt >= before)).toBe(true),
        PATIENCE,
      );
      for (const { emptyAt = 0 } of source.progress()) expect(systemClock.now() - emptyAt).toBeGreaterThan(900);
      expect(source.progress().every(({ held, settled }) => held === undefined && settled === undefined)).toBe(true);
      await queue.send(['one']);
      const [message] = await collected.received(1);
      const own = () => source.progress().find((each) => each.source === message?.source);
      expect(own()).toMatchObject({ held: message?.sentAt, settled: undefined });
      const { emptyAt: lastEmpty = 0 } = own() ?? {};
      expect(lastEmpty).toBeLessThan(systemClock.now());
      acknowledgeAll(collected);
      expect(own()).toMatchObject({ held: undefined, settled: message?.sentAt });
      await vi.waitFor(() => expect(own()?.emptyAt).toBeGreaterThan(lastEmpty), PATIENCE);
    });

    test('no more messages are in custody than the credit allows, and settling one lets the next in', async () => {
      const queue = await queueWith(numbered(45));
      const source = await connected(queue, { maxMessages: 20 });
      let most = 0;
      const collected = collect(source, () => (most = Math.max(most, source.stats().held)));
      await collected.received(20);
      expect(await queue.counts()).toEqual({ waiting: 25, inFlight: 20 });
      for (const settled of [20, 40]) {
        await collected.received(settled);
        acknowledgeAll(collected);
      }
      await collected.received(45);
      expect(most).toBe(20);
    });

    test('the bytes that a message turns out to weigh count against the credit until it is settled', async () => {
      const queue = await queueWith(numbered(1));
      const source = await connected(queue, { maxBytes: 1_000_000 });
      const collected = collect(source, (message) => message.custody.weigh(2_000_000));
      const [heavy] = await collected.received(1);
      expect(source.stats().heldBytes).toBe(2_000_000 + 'message 0'.length);
      // A receive that was under way when the message came may still bring something; after it, nothing starts.
      await queue.send(numbered(60));
      await vi.waitFor(async () => expect((await queue.counts()).waiting).toBeGreaterThan(0), PATIENCE);
      heavy?.custody.acknowledge();
      await vi.waitFor(() => expect(heavy && source.stats().acknowledged).toBe(1), PATIENCE);
      await vi.waitFor(() => {
        acknowledgeAll(collected);
        expect(source.stats()).toMatchObject({ acknowledged: 61, held: 0, heldBytes: 0 });
      }, PATIENCE);
    });

    test('a message heavier than the whole credit passes alone', async () => {
      const queue = await queueWith(['x'.repeat(5_000), 'y'.repeat(5_000)]);
      const source = await connected(queue, { maxBytes: 100 });
      const collected = collect(source, (message) => message.custody.acknowledge());
      await collected.received(2);
      expect(collected.bodies().map((body) => body.length)).toEqual([5_000, 5_000]);
    });

    test('a released message comes back, with a higher receive count', async () => {
      const queue = await queueWith(['again']);
      const source = await connected(queue, { random: () => 0 });
      const collected = collect(source, (message) => {
        if (message.receiveCount === 1) message.custody.release();
      });
      await collected.received(2);
      expect(collected.messages.map(({ receiveCount }) => receiveCount)).toEqual([1, 2]);
      expect(source.stats()).toMatchObject({ received: 2, redelivered: 1, released: 1, held: 1 });
    });

    test('the first outcome of a message is its only one', async () => {
      const queue = await queueWith(['once']);
      const source = await connected(queue, { random: () => 0 });
      const collected = collect(source, ({ receiveCount, custody }) => {
        if (receiveCount === 1) custody.release();
        custody.acknowledge();
        custody.acknowledge();
      });
      await collected.received(2);
      await vi.waitFor(() => expect(source.stats().held).toBe(0), PATIENCE);
      expect(source.stats()).toMatchObject({ released: 1, acknowledged: 1, heldBytes: 0 });
    });

    test('after stop nothing more is received, custody goes on, and the messages complete', async () => {
      const queue = await queueWith(numbered(3));
      const source = await connected(queue);
      const collected = collect(source);
      await collected.received(3);
      source.stop();
      await collected.completed;
      await queue.send(['late']);
      acknowledgeAll(collected);
      await source.drained(10_000);
      expect(source.stats()).toMatchObject({ received: 3, acknowledged: 3, held: 0 });
      expect(await queue.counts()).toEqual({ waiting: 1, inFlight: 0 });
    });

    test('what is still held when the grace ends is released at once, for another worker', async () => {
      const queue = await queueWith(numbered(2));
      const source = await connected(queue);
      const collected = collect(source);
      await collected.received(2);
      await source.drained(0);
      expect(source.stats()).toMatchObject({ released: 2, held: 0, heldBytes: 0 });
      const other = collect(await connected(queue));
      await other.received(2);
      expect(other.messages.map(({ receiveCount }) => receiveCount)).toEqual([2, 2]);
    });

    test('a paused source asks for nothing, and goes on when it is resumed', async () => {
      const queue = await queueWith([]);
      const source = await connected(queue);
      source.pause();
      const collected = collect(source);
      await queue.send(['waits']);
      const other = collect(await connected(queue));
      await other.received(1);
      expect(collected.messages).toEqual([]);
      source.resume();
      other.subscription.unsubscribe();
      await vi.waitFor(async () => {
        await queue.send(['goes on']);
        expect(collected.bodies()).toContain('goes on');
      }, PATIENCE);
    });

    test('a message in a holding stage stays ours beyond its visibility; one in no stage is lost, told of once, and comes back', async () => {
      const queue = await queueWith(['held', 'lost']);
      const losses: LostMessage[] = [];
      const source = await connected(queue, { visibilityTimeout: '2s', onLost: (message) => losses.push(message) });
      const collected = collect(source, ({ body, custody }) =>
        custody.at(body === 'held' ? 'gather' : 'filter', body === 'held'),
      );
      const [first] = await collected.received(2);
      source.pause();
      // The lost message, once it arrives elsewhere, is the proof that a visibility timeout has passed for the held one as well.
      const other = collect(await connected(queue));
      await other.received(1);
      expect(other.bodies()).toEqual(['lost']);
      const [lost] = other.messages;
      expect(losses).toEqual([{ id: lost?.id, source: lost?.source, stage: 'filter' }]);
      expect(source.stats()).toMatchObject({ lost: 1, held: 1, heldBytes: 'held'.length });
      expect(first).toBeDefined();
    });

    test('a second subscriber is refused, so that there is one set of receives', async () => {
      const queue = await queueWith(numbered(1));
      const source = await connected(queue);
      await collect(source).received(1);
      await expect(collect(source).completed).rejects.toThrow('one subscriber');
    });

    test('a callback that throws does not stop the source', async () => {
      const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
      const queue = await queueWith(['lost', 'next']);
      const source = await connected(queue, {
        visibilityTimeout: '2s',
        onLost: () => {
          throw new Error('from the callback');
        },
      });
      const collected = collect(source);
      await collected.received(4);
      expect(warned).toHaveBeenCalledWith(expect.objectContaining({ message: 'from the callback' }));
      warned.mockRestore();
    });
  });
}
