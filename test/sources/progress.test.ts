import { expect, test } from 'vitest';
import { seededRandom } from '../../src/producer/random.ts';
import type { Queue } from '../../src/sources/queue.ts';
import type { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { collect } from '../support/collect.ts';
import { queueInTime } from '../support/queue-in-time.ts';

test('what is held is the oldest message, what is settled is the last one that was held', async () => {
  const { clock, broker, source, progress } = queueInTime();
  const collected = collect(source, (message) => message.custody.at('buffer', true));
  const start = clock.now();
  for (const body of ['a', 'b', 'c']) {
    broker.send([body]);
    await clock.advance(100);
  }
  const settle = (index: number) => collected.messages[index]?.custody.acknowledge();
  expect(progress()).toMatchObject({ held: start, settled: undefined });
  settle(0);
  expect(progress()).toMatchObject({ held: start + 100, settled: undefined });
  settle(2);
  expect(progress()).toMatchObject({ held: start + 100, settled: undefined });
  settle(1);
  expect(progress()).toMatchObject({ held: undefined, settled: start + 100 });
  expect(source.oldestHeld()).toBeUndefined();
});

test('an old message that comes late holds time, but does not set back what was settled', async () => {
  const { clock, broker, source, progress } = queueInTime();
  const oldest = clock.now();
  broker.send(['old']);
  // Another worker takes it and dies.
  await broker.consumer(5).receive(1, 0, new AbortController().signal);
  const collected = collect(source, ({ body, custody }) =>
    body === 'old' ? custody.at('buffer', true) : custody.acknowledge(),
  );
  await clock.advance(4_000);
  broker.send(['young']);
  await clock.advance(500);
  expect(progress()).toMatchObject({ held: undefined, settled: oldest + 4_000 });
  await clock.advance(1_000);
  expect(progress()).toMatchObject({ held: oldest, settled: oldest + 4_000 });
  collected.messages.at(-1)?.custody.acknowledge();
  expect(progress()).toMatchObject({ held: undefined, settled: oldest + 4_000 });
});

/** A queue that answers deletes and releases when told to. */
function withGate(): { readonly open: () => void; readonly through: (queue: Queue) => Queue } {
  const { promise, resolve: open } = Promise.withResolvers<void>();
  return {
    open,
    through: (queue) => ({
      ...queue,
      remove: (handles) => promise.then(() => queue.remove(handles)),
      changeVisibility: (changes) => promise.then(() => queue.changeVisibility(changes)),
    }),
  };
}

test('a message that is committed is held no longer, although the queue has not deleted it', async () => {
  const { open, through } = withGate();
  const { clock, broker, source, progress } = queueInTime({ through });
  broker.send(['a']);
  const sentAt = clock.now();
  collect(source, (message) => message.custody.acknowledge());
  await clock.advance(3_000);
  expect(source.stats().held).toBe(1);
  expect(progress()).toMatchObject({ held: undefined, settled: sentAt });
  expect(progress().emptyAt).toBeGreaterThan(sentAt);
  open();
});

test('a message that is released counts as held until it is with somebody again, or should be', async () => {
  const { open, through } = withGate();
  const { clock, broker, source, progress } = queueInTime({ through });
  broker.send(['a']);
  const sentAt = clock.now();
  collect(source, ({ receiveCount, custody }) => (receiveCount === 1 ? custody.release() : custody.acknowledge()));
  await clock.advance(500);
  expect(progress()).toMatchObject({ held: sentAt, settled: undefined });
  expect(source.oldestHeld()).toBe(sentAt);
  open();
  await clock.advance(0);
  expect(progress()).toMatchObject({ held: sentAt, settled: undefined });
  await clock.advance(5_000);
  expect(progress()).toMatchObject({ held: undefined, settled: sentAt });
});

/** Answers of the queue are late by up to 3 s, and every tenth receive fails. */
const unsteady =
  (random: () => number) =>
  (queue: Queue, clock: VirtualClock): Queue => {
    const later = () => new Promise<void>((resolve) => void clock.after(random() * 3_000, resolve));
    return {
      ...queue,
      async receive(...given) {
        if (random() < 0.1) throw new Error('away');
        const arrivals = await queue.receive(...given);
        if (random() < 0.3) await later();
        return arrivals;
      },
      async depth() {
        const depth = await queue.depth();
        if (random() < 0.3) await later();
        return depth;
      },
    };
  };

test.for(Array.from({ length: 60 }, (_, i) => 7_000 + i))(
  'whatever happens, time never goes back, and nothing sent before the queue was empty is unseen (seed %i)',
  async (seed) => {
    const dice = seededRandom(seed);
    const random = () => dice.float();
    const { clock, broker, source, progress } = queueInTime({
      through: unsteady(random),
      random,
      visibilityTimeout: '600s',
    });
    const seen = new Set<string>();
    const sent = new Map<string, number>();
    const collected = collect(source, ({ body, custody }) => {
      seen.add(body);
      custody.at('buffer', true);
    });
    let settled = 0;
    let [last, claims] = [progress(), 0];
    for (let turn = 0; turn < 400; turn += 1) {
      if (random() < 0.1) {
        sent.set(`${turn}`, clock.now());
        broker.send([`${turn}`]);
      }
      while (settled < collected.messages.length && random() < 0.7) {
        const { custody } = collected.messages[settled++] ?? {};
        if (random() < 0.1) custody?.release();
        else custody?.acknowledge();
      }
      if (random() < 0.02) source.pause();
      if (random() < 0.2) source.resume();
      await clock.advance(random() * 500);
      const now = progress();
      expect(now.settled ?? 0).toBeGreaterThanOrEqual(last.settled ?? 0);
      expect(now.emptyAt ?? 0).toBeGreaterThanOrEqual(last.emptyAt ?? 0);
      if (now.emptyAt !== last.emptyAt) {
        claims += 1;
        const unseen = [...sent].filter(([body, at]) => at < (now.emptyAt ?? 0) && !seen.has(body));
        expect(unseen).toEqual([]);
      }
      last = now;
    }
    expect(claims).toBeGreaterThan(5);
  },
);
