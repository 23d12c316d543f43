import { expect, test } from 'vitest';
import { pullSettings } from '../../src/sources/pull-options.ts';
import { pullSource } from '../../src/sources/pull-source.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import { collect } from '../support/collect.ts';
import { fifoQueue } from '../support/queue-fifo.ts';

const messages = Array.from({ length: 60 }, (_, i) => ({ group: `g${i % 3}`, body: `g${i % 3}-${Math.floor(i / 3)}` }));

function scene() {
  const clock = virtualClock();
  const queue = fifoQueue(clock, messages, 60);
  const source = pullSource('shop.fifo', queue, pullSettings({ clock, random: () => 0.999 }), 0);
  const end = async () => {
    const drained = source.drained(0);
    await clock.advance(60_000);
    await drained;
  };
  return { clock, queue, source, end };
}

test('of a group that is held whole, one message is released: the others are settled in any order, and the one comes back alone', async () => {
  const { clock, queue, source, end } = scene();
  const collected = collect(source, (message) => message.custody.at('buffer', true));
  await clock.advance(0);
  // Ten of each receive, many of them of one group.
  const held = [...collected.messages];
  expect(held.filter(({ group }) => group === 'g0').length).toBeGreaterThan(2);
  const released = held.find(({ body }) => body === 'g0-1');
  released?.custody.release();
  for (const message of held.toReversed()) message.custody.acknowledge();
  let settled = held.length;
  for (let turn = 0; turn < 60; turn += 1) {
    await clock.advance(100);
    while (settled < collected.messages.length) collected.messages[settled++]?.custody.acknowledge();
  }
  expect(await queue.depth()).toEqual({ waiting: 0, inFlight: 0 });
  expect(source.stats()).toMatchObject({
    received: 61,
    redelivered: 1,
    acknowledged: 60,
    released: 1,
    lost: 0,
    held: 0,
  });
  const again = collected.messages.filter(({ receiveCount }) => receiveCount > 1);
  expect(again.map(({ body, receiveCount }) => [body, receiveCount])).toEqual([['g0-1', 2]]);
  await end();
});

test('a group that waits for one of its messages holds up no other group, and is not taken for an empty queue', async () => {
  const { clock, queue, source, end } = scene();
  const collected = collect(source, ({ group, custody }) =>
    group === 'g1' ? custody.at('buffer', true) : custody.acknowledge(),
  );
  await clock.advance(20_000);
  expect(collected.messages.filter(({ group }) => group !== 'g1')).toHaveLength(40);
  const held = source.stats().held;
  expect((await queue.depth()).waiting).toBe(20 - held);
  for (const message of collected.messages) message.custody.release();
  await clock.advance(500);
  // Those that were released are with nobody yet, and the group's other messages wait behind them.
  expect(source.progress()).toMatchObject([{ held: expect.any(Number), emptyAt: undefined }]);
  await end();
});

test('what is held of a group at the end is released at once, each message of it', async () => {
  const { clock, queue, source, end } = scene();
  const collected = collect(source, (message) => message.custody.at('buffer', true));
  await clock.advance(0);
  await end();
  expect(source.stats()).toMatchObject({ released: collected.messages.length, held: 0 });
  expect(await queue.depth()).toEqual({ waiting: 60, inFlight: 0 });
});
