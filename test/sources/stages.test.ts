import { expect, onTestFinished, test } from 'vitest';
import type { Clock } from '../../src/clock.ts';
import type { Delivery, Message } from '../../src/custody.ts';
import type { Queue } from '../../src/sources/queue.ts';
import { memoryQueue } from '../../src/sources/memory.ts';
import { mergeSources } from '../../src/sources/merge-sources.ts';
import type { Source } from '../../src/source.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import { queueInTime } from '../support/queue-in-time.ts';

const START = Date.UTC(2026, 0, 1);

/** A source whose messages wait until somebody moves them on. */
function receivingFrom(source: Source) {
  const messages: Message[] = [];
  const subscription = source.messages.subscribe((delivery: Delivery) => messages.push(...delivery));
  onTestFinished(() => subscription.unsubscribe());
  const stage = (name: string) => source.stats().stages.find((each) => each.stage === name);
  return { messages, stage };
}

test('a stage tells how many messages came and are there, and for how long there were any', async () => {
  const clock = virtualClock(START);
  const source = memoryQueue(['a', 'b'], { clock });
  const { messages, stage } = receivingFrom(source);
  await clock.advance(10);
  const [a, b] = messages as [Message, Message];
  a.custody.at('decode');
  await clock.advance(100);
  b.custody.at('decode');
  a.custody.at('gather', true);
  await clock.advance(50);
  b.custody.at('gather', true);
  // the same again is no new arrival
  b.custody.at('gather', true);
  await clock.advance(1_000);
  expect(stage('decode')).toEqual({ stage: 'decode', entered: 2, held: 0, occupiedMs: 150 });
  expect(stage('gather')).toEqual({ stage: 'gather', entered: 2, held: 2, occupiedMs: 1_050 });
  a.custody.acknowledge();
  b.custody.release();
  // what was settled is nowhere, whatever a graph says of it
  a.custody.at('gather');
  await clock.advance(1_000);
  expect(source.stats().stages.map(({ stage: name, held }) => [name, held])).toEqual([
    ['received', 0],
    ['decode', 0],
    ['gather', 0],
    ['delete', 0],
    ['release', 0],
  ]);
  expect(stage('gather')?.occupiedMs).toBe(1_050);
});

test('a source is idle while it takes all that comes, busy while more waits, backpressured without credit or while it is paused', async () => {
  // a receive takes 100 ms
  const slowly = (queue: Queue, clock: Clock): Queue => ({
    ...queue,
    receive: async (...asked) => {
      await new Promise<void>((resolve) => void clock.after(100, resolve));
      return await queue.receive(...asked);
    },
  });
  const { clock, broker, source } = queueInTime({ through: slowly, maxMessages: 100 });
  const { messages } = receivingFrom(source);
  const phases = () => source.stats().receiving;
  await clock.advance(5_000);
  expect(phases()).toEqual({ busy: 0, backpressured: 0, idle: 5_000 });

  broker.send(Array.from({ length: 1_000 }, (_, i) => String(i)));
  await clock.advance(10_000);
  expect(messages).toHaveLength(100);
  const spent = phases();
  expect(spent.busy).toBeGreaterThan(0);
  expect(spent.busy).toBeLessThan(2_000);
  expect(spent.backpressured).toBeGreaterThan(8_000);
  expect(source.stats().credit).toBe(1);

  for (const message of messages.splice(0)) message.custody.acknowledge();
  await clock.advance(100);
  const fetched = phases();
  expect(fetched.busy + fetched.idle + fetched.backpressured).toBe(15_100);
  expect(fetched.busy).toBeGreaterThan(spent.busy);

  source.pause();
  const paused = phases();
  await clock.advance(3_000);
  expect(phases()).toEqual({ ...paused, backpressured: paused.backpressured + 3_000 });
});

test('sources that are one add up; a stage of both is occupied by either', async () => {
  const clock = virtualClock(START);
  const [one, two] = [memoryQueue(['a'], { name: 'one', clock }), memoryQueue(['b', 'c'], { name: 'two', clock })];
  const source = mergeSources([one, two]);
  const { messages, stage } = receivingFrom(source);
  await clock.advance(10);
  for (const message of messages) message.custody.at('gather', true);
  await clock.advance(500);
  expect(stage('gather')).toEqual({ stage: 'gather', entered: 3, held: 3, occupiedMs: 500 });
  const { busy, backpressured, idle } = source.stats().receiving;
  expect(busy + backpressured + idle).toBe(2 * 510);
});
