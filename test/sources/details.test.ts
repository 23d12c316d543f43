import { expect, onTestFinished, test } from 'vitest';
import type { Delivery, Message } from '../../src/custody.ts';
import type { QueueStats, Source } from '../../src/source.ts';
import { memoryBroker } from '../../src/sources/memory-broker.ts';
import { memoryQueue } from '../../src/sources/memory.ts';
import { mergeSources } from '../../src/sources/merge-sources.ts';
import { pullSettings } from '../../src/sources/pull-options.ts';
import { pullSource } from '../../src/sources/pull-source.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';

const START = Date.UTC(2026, 0, 1);

function receivingFrom(source: Source): Message[] {
  const messages: Message[] = [];
  const subscription = source.messages.subscribe((delivery: Delivery) => messages.push(...delivery));
  onTestFinished(() => subscription.unsubscribe());
  return messages;
}

const callsOf = ({ calls }: QueueStats, operation: string, error?: string): number =>
  calls
    .filter((each) => each.operation === operation && each.error === error)
    .flatMap(({ seconds }) => seconds.counts)
    .reduce((sum, n) => sum + n, 0);

test('a source tells how old what it holds is, how long a message took, what calls brought, and since when nothing came', async () => {
  const clock = virtualClock(START);
  const source = memoryQueue(['a', 'b', 'c'], { clock, visibilityTimeout: '60s' });
  const messages = receivingFrom(source);
  await clock.advance(500);
  for (const message of messages) message.custody.at('transaction', true);
  const only = (): QueueStats => source.details()[0] as QueueStats;
  expect(only().ages).toEqual([3, 0, 0, 0, 0]);
  messages[0]?.custody.acknowledge();
  await clock.advance(11_500);
  expect(only().ages).toEqual([0, 0, 2, 0, 0]);
  expect(only().processing).toMatchObject({ sum: expect.closeTo(0.5, 1) });
  // renewed once half of their time was over
  await clock.advance(30_000);
  expect(only().leases).toEqual({ renewed: 2, failed: 0, ended: 0 });
  const { emptyPolls, lastMessageAt, now, oldestSentAt } = only();
  expect(callsOf(only(), 'receive')).toBe(emptyPolls + 1);
  expect(emptyPolls).toBeGreaterThan(20);
  expect([callsOf(only(), 'delete'), callsOf(only(), 'extend')]).toEqual([1, 1]);
  expect(now - lastMessageAt).toBeGreaterThan(41_000);
  expect(oldestSentAt).toBe(START);
});

test('calls that fail are told apart by why, and leases that are over by what the queue said', async () => {
  const clock = virtualClock(START);
  const settings = pullSettings({ clock, visibilityTimeout: '10s' });
  const broker = memoryBroker(clock);
  const queue = broker.consumer(10);
  let isAway = false;
  const refusing = {
    ...queue,
    receive: async (...asked: Parameters<typeof queue.receive>) => {
      if (isAway) throw new Error('away');
      return queue.receive(...asked);
    },
    changeVisibility: async (changes: Parameters<typeof queue.changeVisibility>[0]) =>
      changes.map(() => 'stale' as const),
  };
  const source = pullSource('q', refusing, settings);
  const messages = receivingFrom(source);
  broker.send(['a']);
  await clock.advance(1_000);
  messages[0]?.custody.at('transaction', true);
  isAway = true;
  await clock.advance(8_000);
  const [told] = source.details() as readonly [QueueStats];
  expect(callsOf(told, 'receive', 'network')).toBeGreaterThan(1);
  expect(told.leases).toEqual({ renewed: 0, failed: 0, ended: 1 });
});

test('merged sources tell of each queue under its own name', async () => {
  const clock = virtualClock(START);
  const source = mergeSources([
    memoryQueue(['a'], { clock, name: 'tills' }),
    memoryQueue(['b', 'c'], { clock, name: 'web' }),
  ]);
  receivingFrom(source);
  await clock.advance(10);
  expect(source.details().map(({ source: name, received }) => [name, received])).toEqual([
    ['tills', 1],
    ['web', 2],
  ]);
});
