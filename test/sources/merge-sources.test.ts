import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { memoryQueue } from '../../src/sources/memory.ts';
import { mergeSources } from '../../src/sources/merge-sources.ts';
import type { PullOptions } from '../../src/sources/pull-options.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import { sourceContract } from '../contracts/source.ts';
import { collect } from '../support/collect.ts';
import { queueInTime } from '../support/queue-in-time.ts';

/** The credit of one of two. */
const half = (options: PullOptions): PullOptions =>
  options.maxMessages === undefined ? options : { ...options, maxMessages: options.maxMessages / 2 };

sourceContract('two merged memory queues', async () => {
  const queues = ['a', 'b'].map((name) => ({ name, queue: memoryQueue() }));
  let sent = 0;
  return {
    connect: async (options = {}) =>
      mergeSources(
        queues.map(({ name, queue }) =>
          queue.another({ ...half(options), name: `${options.name ?? 'merged'}-${name}` }),
        ),
      ),
    send: async (bodies) => bodies.forEach((body) => queues[sent++ % queues.length]?.queue.send(body)),
    async counts() {
      const depths = queues.map(({ queue }) => queue.depth());
      const total = (of: 'waiting' | 'inFlight') => depths.reduce((sum, depth) => sum + depth[of], 0);
      return { waiting: total('waiting'), inFlight: total('inFlight') };
    },
    close: async () => {},
  };
});

/** Two queues on one clock, and the source that both are. */
function pair(options: Parameters<typeof queueInTime>[0] = {}) {
  const clock = virtualClock();
  const orders = queueInTime({ name: 'orders', ...options }, clock);
  const returns = queueInTime({ name: 'returns' }, clock);
  return { clock, orders, returns, merged: mergeSources([orders.source, returns.source]) };
}

describe('merged sources', () => {
  test('tell of each queue on its own, and of both as one', async () => {
    const { clock, orders, returns, merged } = pair();
    const start = clock.now();
    const collected = collect(merged, (message) => message.custody.at('buffer', true));
    await clock.advance(100);
    orders.broker.send(['o1', 'o2']);
    await clock.advance(100);
    returns.broker.send(['r1']);
    await clock.advance(2_000);
    expect(merged.name).toBe('orders+returns');
    expect(collected.messages.map(({ source }) => source)).toEqual(['orders', 'orders', 'returns']);
    expect(merged.progress()).toEqual([
      { source: 'orders', held: start + 100, settled: undefined, emptyAt: undefined },
      { source: 'returns', held: start + 200, settled: undefined, emptyAt: undefined },
    ]);
    expect(merged.oldestHeld()).toBe(start + 100);
    for (const { body, custody } of collected.messages) if (body !== 'r1') custody.acknowledge();
    await clock.advance(100);
    expect(merged.oldestHeld()).toBe(start + 200);
    expect(merged.stats()).toMatchObject({
      received: 3,
      redelivered: 0,
      acknowledged: 2,
      released: 0,
      lost: 0,
      held: 1,
      heldBytes: 2,
    });
  });

  test('of which one is idle: its queue is known to be empty while the other is held', async () => {
    const { clock, orders, merged } = pair();
    collect(merged, (message) => message.custody.at('buffer', true));
    orders.broker.send(['held']);
    await clock.advance(10_000);
    const [busy, idle] = merged.progress();
    expect(busy).toMatchObject({ emptyAt: undefined });
    expect(idle).toMatchObject({ held: undefined, settled: undefined, emptyAt: clock.now() - 1_000 });
  });

  test('of which one cannot be read: the other goes on, and the one makes no progress', async () => {
    const { clock, orders, returns, merged } = pair({
      through: (queue) => ({ ...queue, receive: () => Promise.reject(new Error('away')) }),
    });
    const collected = collect(merged, (message) => message.custody.acknowledge());
    for (let turn = 0; turn < 20; turn += 1) {
      returns.broker.send([`${turn}`]);
      await clock.advance(1_000);
    }
    expect(collected.messages).toHaveLength(20);
    expect(orders.warnings).toContain('poll-failed');
    expect(merged.progress()).toMatchObject([
      { source: 'orders', held: undefined, settled: undefined, emptyAt: undefined },
      { source: 'returns', settled: clock.now() - 1_000 },
    ]);
  });

  test('of which one stops: the messages of the other go on, and complete when both have', async () => {
    const { clock, orders, returns, merged } = pair();
    const collected = collect(merged, (message) => message.custody.acknowledge());
    let completed = false;
    void collected.completed.then(() => (completed = true));
    await clock.advance(100);
    orders.source.stop();
    await clock.advance(2_000);
    orders.broker.send(['too late']);
    returns.broker.send(['in time']);
    await clock.advance(2_000);
    expect(collected.bodies()).toEqual(['in time']);
    expect(completed).toBe(false);
    merged.stop();
    await clock.advance(2_000);
    expect(completed).toBe(true);
    expect(returns.starts.at(-1)).toBeLessThan(clock.now() - 1_900);
  });

  test('pause together, and go on together', async () => {
    const { clock, orders, returns, merged } = pair();
    merged.pause();
    const collected = collect(merged, (message) => message.custody.acknowledge());
    orders.broker.send(['a']);
    returns.broker.send(['b']);
    await clock.advance(10_000);
    expect(collected.messages).toEqual([]);
    merged.resume();
    await clock.advance(100);
    expect(collected.bodies().toSorted()).toEqual(['a', 'b']);
  });

  test('are empty when each was so twice, and each is asked each time', async () => {
    const { clock, orders, returns, merged } = pair();
    orders.broker.send(['a']);
    const collected = collect(merged, (message) => message.custody.at('buffer', true));
    await clock.advance(100);
    expect(await merged.isEmpty()).toBe(false);
    collected.messages[0]?.custody.acknowledge();
    await clock.advance(100);
    expect(await returns.source.isEmpty()).toBe(true);
    expect(await merged.isEmpty()).toBe(false);
    expect(await merged.isEmpty()).toBe(true);
  });

  test('drain together: what any of them still holds after the grace is released', async () => {
    const { clock, orders, returns, merged } = pair();
    collect(merged, (message) => message.custody.at('buffer', true));
    orders.broker.send(['a']);
    returns.broker.send(['b']);
    await clock.advance(100);
    let drained = false;
    void merged.drained(3_000).then(() => (drained = true));
    await clock.advance(2_999);
    expect([drained, merged.stats().released]).toEqual([false, 0]);
    await clock.advance(1);
    expect([drained, merged.stats().released]).toEqual([true, 2]);
    expect([orders.broker.depth(), returns.broker.depth()]).toEqual([
      { waiting: 1, inFlight: 0 },
      { waiting: 1, inFlight: 0 },
    ]);
  });

  test('of which two read one queue under two names are refused', () => {
    const queue = memoryQueue();
    const [a, b] = [queue.another({ name: 'a' }), queue.another({ name: 'b' })];
    expect(() => mergeSources([a, b])).toThrow(ConfigError);
    expect(() => mergeSources([a, b])).toThrow(
      /^mergeSources\(sources\): expected each queue once; got 'a' and 'b', which are one \(memory \d+\)\. Fix: leave one out/,
    );
  });

  test('of which two have one name, or of which there are none, are refused', () => {
    const { orders, merged } = pair();
    expect(() => mergeSources([])).toThrow(
      /^mergeSources\(sources\): expected one source or more.*; got none\. Fix: pass/,
    );
    expect(() => mergeSources([merged, orders.source])).toThrow(/got 'orders' twice\. Fix: give each source a 'name'/);
    expect(() => mergeSources([orders.source, orders.source])).toThrow(ConfigError);
  });
});
