import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/producer/random.ts';
import type { Queue, QueueDepth } from '../../src/sources/queue.ts';
import { collect } from '../support/collect.ts';
import { queueInTime, slower } from '../support/queue-in-time.ts';

const acknowledge = (message: { readonly custody: { acknowledge(): void } }) => message.custody.acknowledge();
/** A queue whose depth is what the test says. */
const withDepth = (depth: () => Promise<QueueDepth>) => (queue: Queue) => ({ ...queue, depth });
const never = () => new Promise<never>(() => {});

describe('the time at which the queue is known to have been empty', () => {
  test('is the start of the poll that found nothing, and is known when that has ended', async () => {
    const { clock, source, progress } = queueInTime();
    const start = clock.now();
    collect(source);
    await clock.advance(999);
    expect(progress().emptyAt).toBeUndefined();
    await clock.advance(1);
    expect(progress()).toEqual({ source: 'in-time', held: undefined, settled: undefined, emptyAt: start });
    await clock.advance(500);
    expect(progress().emptyAt).toBe(start + 500);
  });

  test('is never older than 1.6 s on a quiet queue, each call of which takes 20 ms', async () => {
    const { clock, source, progress } = queueInTime({ through: slower(20) });
    collect(source);
    await clock.advance(2_000);
    let oldest = 0;
    for (let turn = 0; turn < 6_000; turn += 1) {
      await clock.advance(10);
      oldest = Math.max(oldest, clock.now() - (progress().emptyAt ?? 0));
    }
    expect(oldest).toBeLessThan(1_600);
    expect(oldest).toBeGreaterThan(1_400);
  });

  test.each([1, 7, 13, 19, 45])(
    'is never older than 1 s where each message for others, 20 a second, ends the polls of all; the first %d ms after they began',
    async (first) => {
      const { float: random } = seededRandom(first);
      const { clock, source, progress } = queueInTime({
        random,
        through: (queue, world) => ({
          ...queue,
          receive: () =>
            new Promise((resolve) => void world.after(50 - ((world.now() - first) % 50), () => resolve([]))),
        }),
      });
      collect(source);
      await clock.advance(1_000);
      for (let turn = 0; turn < 6_000; turn += 1) {
        await clock.advance(10);
        expect(clock.now() - (progress().emptyAt ?? 0)).toBeLessThan(1_000);
      }
    },
  );

  test('is at most two waits old where there is one poll', async () => {
    const { clock, source, progress } = queueInTime({ waitSeconds: 5 });
    collect(source);
    await clock.advance(10_000);
    expect(clock.now() - (progress().emptyAt ?? 0)).toBe(5_000);
    await clock.advance(4_999);
    expect(clock.now() - (progress().emptyAt ?? 0)).toBe(9_999);
  });

  test('does not move while a message is held, and moves again once it is settled', async () => {
    const { clock, broker, source, progress } = queueInTime();
    const collected = collect(source, (message) => message.custody.at('buffer', true));
    await clock.advance(5_000);
    const { emptyAt } = progress();
    broker.send(['held']);
    const sentAt = clock.now();
    await clock.advance(20_000);
    expect(progress()).toMatchObject({ held: sentAt, emptyAt });
    collected.messages.forEach(acknowledge);
    await clock.advance(2_000);
    expect(progress()).toMatchObject({ held: undefined, settled: sentAt });
    expect(progress().emptyAt).toBeGreaterThan(sentAt + 19_000);
  });

  test('does not move while the source is paused, not even by the polls that were under way', async () => {
    const { clock, source, progress } = queueInTime();
    collect(source);
    await clock.advance(300);
    source.pause();
    await clock.advance(10_000);
    expect(progress().emptyAt).toBeUndefined();
    source.resume();
    const resumed = clock.now();
    await clock.advance(1_000);
    expect(progress().emptyAt).toBe(resumed);
  });

  test('does not move while what is committed and not yet deleted leaves no credit for a receive', async () => {
    let answer = () => {};
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const { clock, broker, source, progress } = queueInTime({
      maxBytes: 1_000_000,
      through: (queue) => ({ ...queue, remove: (handles) => answered.then(() => queue.remove(handles)) }),
    });
    collect(source, ({ custody }) => {
      custody.weigh(2_000_000);
      custody.acknowledge();
    });
    await clock.advance(600);
    broker.send(['heavy']);
    // The other poll was under way by then, and ends with nothing.
    await clock.advance(10_000);
    expect(progress()).toMatchObject({ held: undefined, emptyAt: undefined });
    answer();
    await clock.advance(3_000);
    expect(progress().emptyAt).toBeGreaterThan(clock.now() - 2_000);
  });

  test('does not move while the queue counts messages that wait, but moves while others hold some', async () => {
    let depth: QueueDepth = { waiting: 1, inFlight: 0 };
    const { clock, source, progress } = queueInTime({ through: withDepth(async () => depth) });
    collect(source);
    await clock.advance(10_000);
    expect(progress().emptyAt).toBeUndefined();
    depth = { waiting: 0, inFlight: 7 };
    await clock.advance(500);
    expect(progress().emptyAt).toBe(clock.now() - 1_000);
  });

  test('does not move while the counts cannot be read, which is warned of once until they can', async () => {
    let down = true;
    const { clock, source, warnings, progress } = queueInTime({
      through: withDepth(async () => {
        if (down) throw new Error('denied');
        return { waiting: 0, inFlight: 0 };
      }),
    });
    collect(source);
    await clock.advance(10_000);
    expect(progress().emptyAt).toBeUndefined();
    expect(warnings).toEqual(['depth-failed']);
    down = false;
    await clock.advance(500);
    expect(progress().emptyAt).toBe(clock.now() - 1_000);
    down = true;
    await clock.advance(2_000);
    expect(warnings).toEqual(['depth-failed', 'depth-failed']);
  });

  test('does not move by a message taken, and even settled, while the counts were asked for', async () => {
    const answers: (() => void)[] = [];
    const { clock, broker, source, progress } = queueInTime({
      through: withDepth(() => new Promise((resolve) => answers.push(() => resolve({ waiting: 0, inFlight: 0 })))),
    });
    collect(source, acknowledge);
    await clock.advance(1_000);
    expect(answers).toHaveLength(1);
    broker.send(['meanwhile']);
    await clock.advance(200);
    expect(source.stats()).toMatchObject({ acknowledged: 1, held: 0 });
    answers[0]?.();
    await clock.advance(0);
    expect(progress().emptyAt).toBeUndefined();
  });

  test('does not move where the source was paused while the counts were asked for', async () => {
    const answers: (() => void)[] = [];
    const { clock, source, progress } = queueInTime({
      through: withDepth(() => new Promise((resolve) => answers.push(() => resolve({ waiting: 0, inFlight: 0 })))),
    });
    collect(source);
    await clock.advance(1_000);
    source.pause();
    answers[0]?.();
    await clock.advance(0);
    expect(progress().emptyAt).toBeUndefined();
  });

  test('does not move by receives that fail', async () => {
    const { clock, source, warnings, progress } = queueInTime({
      through: (queue, world) => ({
        ...queue,
        receive: () => new Promise((_, reject) => world.after(1_000, () => reject(new Error('reset')))),
      }),
    });
    collect(source);
    await clock.advance(30_000);
    expect(warnings).toContain('poll-failed');
    expect(progress().emptyAt).toBeUndefined();
  });

  test('does not move while a receive that began earlier is under way: it may have been handed a message', async () => {
    let receives = 0;
    const { clock, source, warnings, progress } = queueInTime({
      through: (queue) => ({ ...queue, receive: (...given) => (++receives === 1 ? never() : queue.receive(...given)) }),
    });
    collect(source);
    await clock.advance(15_000);
    expect(receives).toBeGreaterThan(10);
    expect(progress().emptyAt).toBeUndefined();
    await clock.advance(3_000);
    expect(warnings).toEqual(['poll-stuck']);
    expect(progress().emptyAt).toBeGreaterThan(clock.now() - 1_600);
  });
});
