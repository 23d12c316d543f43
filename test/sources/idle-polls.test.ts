import { expect, test } from 'vitest';
import { collect } from '../support/collect.ts';
import { queueInTime, slower } from '../support/queue-in-time.ts';

/** Milliseconds between one start and the next. */
const gaps = (starts: readonly number[]) => starts.slice(1).map((at, i) => at - (starts[i] ?? at));

test('while the queue is idle two polls are under way, half a wait apart', async () => {
  const { clock, source, starts } = queueInTime();
  collect(source);
  await clock.advance(60_000);
  expect(gaps(starts)).toEqual(Array.from({ length: 120 }, () => 500));
});

test.each([5, 130, 333, 480, 499])(
  'no more than 600 ms pass without a poll that begins, also after a message that comes %d ms after one did',
  async (ms) => {
    const { clock, broker, source, starts } = queueInTime();
    collect(source, (message) => message.custody.acknowledge());
    await clock.advance(5_000 + ms);
    broker.send(['a message']);
    await clock.advance(5_000);
    expect(Math.max(...gaps(starts))).toBeLessThanOrEqual(600);
    expect(gaps(starts).slice(-5)).toEqual([500, 500, 500, 500, 500]);
  },
);

test('the two polls do not drift apart on a queue that answers late', async () => {
  const { clock, source, starts } = queueInTime({ through: slower(30) });
  collect(source);
  await clock.advance(600_000);
  expect(new Set(gaps(starts))).toEqual(new Set([500, 530]));
});

test('polls that began together, as after a pause, are half a wait apart again by a third one between them', async () => {
  const { clock, source, starts } = queueInTime();
  collect(source);
  await clock.advance(5_000);
  source.pause();
  await clock.advance(5_000);
  source.resume();
  const before = starts.length;
  await clock.advance(10_000);
  expect(gaps(starts.slice(before))).toEqual([0, 600, ...Array.from({ length: 18 }, () => 500)]);
});

test('after failures there is one poll, and two again with the first that succeeds', async () => {
  let down = true;
  const { clock, source, starts } = queueInTime({
    random: () => 0,
    through: (queue) => ({
      ...queue,
      receive: (...given) => (down ? Promise.reject(new Error('away')) : queue.receive(...given)),
    }),
  });
  collect(source);
  await clock.advance(1_000);
  // 50, 100, 200 and 400 ms after one another: those of one poller.
  expect(gaps(starts)).toEqual([50, 100, 200, 400]);
  down = false;
  await clock.advance(10_000);
  expect(gaps(starts).slice(-10)).toEqual(Array.from({ length: 10 }, () => 500));
});

test.each([
  [{ waitSeconds: 5 }, 5_000],
  [{ maxPollers: 1 }, 1_000],
  [{ maxMessages: 10 }, 1_000],
])('with %o an idle queue has one poll, each %d ms', async (options, ms) => {
  const { clock, source, starts } = queueInTime(options);
  collect(source);
  await clock.advance(20_000);
  expect(gaps(starts)).toEqual(Array.from({ length: 20_000 / ms }, () => ms));
});

test('a message that comes while a poll rests is received at once by the other', async () => {
  const { clock, broker, source } = queueInTime();
  const collected = collect(source, (message) => message.custody.acknowledge());
  for (let turn = 0; turn < 40; turn += 1) {
    await clock.advance(130);
    broker.send([`${turn}`]);
    await clock.advance(0);
    expect(collected.messages).toHaveLength(turn + 1);
  }
});
