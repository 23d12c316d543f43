import { expect, test } from 'vitest';
import { type MemoryQueue, memoryQueue } from '../../src/sources/memory.ts';
import { sourceContract } from '../contracts/source.ts';
import { collect } from '../support/collect.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';

sourceContract('the memory queue', async () => {
  const first: MemoryQueue = memoryQueue();
  return {
    connect: async (options) => first.another(options),
    send: async (bodies) => first.send(...bodies),
    counts: async () => first.depth(),
    close: async () => {},
  };
});

test('a message of a dead worker comes back when its visibility ends, and not before', async () => {
  const clock = virtualClock();
  const queue = memoryQueue(['a'], { clock });
  // Its clock stands still and its credit is spent: it renews nothing and asks for nothing.
  const dead = queue.another({ clock: virtualClock(), maxMessages: 1 });
  const last = collect(dead);
  await clock.advance(0);
  expect(last.bodies()).toEqual(['a']);
  const other = collect(queue);
  await clock.advance(59_999);
  expect(other.bodies()).toEqual([]);
  await clock.advance(1);
  expect(other.messages).toMatchObject([{ body: 'a', receiveCount: 2 }]);
  last.subscription.unsubscribe();
  queue.stop();
  await clock.advance(10_000);
});

test('a share of the messages comes back although they were deleted', async () => {
  const clock = virtualClock();
  const queue = memoryQueue(['a', 'b'], { clock, duplicates: 1 });
  const collected = collect(queue, (message) => message.custody.acknowledge());
  await clock.advance(2_000);
  expect(collected.bodies().sort()).toEqual(['a', 'a', 'b', 'b']);
  expect(queue.depth()).toEqual({ waiting: 0, inFlight: 0 });
  queue.stop();
  await clock.advance(10_000);
});
