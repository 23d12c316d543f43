import { expect, test } from 'vitest';
import { virtualClock } from '../../src/testing/virtual-clock.ts';

const START = Date.UTC(2026, 0, 1);

/** A clock and a heartbeat of a second on it, which tells when it beat. */
function beating() {
  const clock = virtualClock(START);
  const beats: number[] = [];
  const beat = () => {
    beats.push(clock.now() - START);
    clock.after(1_000, beat);
  };
  clock.after(1_000, beat);
  return { clock, beats };
}

test('a heartbeat beats at each of its times where time passes, and once where time leaps', async () => {
  const { clock, beats } = beating();
  await clock.advance(3_000);
  expect(beats).toEqual([1_000, 2_000, 3_000]);
  await clock.leap(10_000);
  expect(beats).toEqual([1_000, 2_000, 3_000, 13_000]);
  await clock.advance(1_000);
  expect(beats.at(-1)).toBe(14_000);
});

test('what fell due in a leap runs in order, and what comes of it at once', async () => {
  const clock = virtualClock(START);
  const ran: string[] = [];
  clock.after(2, () => ran.push('second'));
  clock.after(1, () => {
    ran.push('first');
    void Promise.resolve().then(() => clock.after(0, () => ran.push('of the first')));
  });
  clock.after(11, () => ran.push('later'));
  await clock.leap(10);
  expect(ran).toEqual(['first', 'second', 'of the first']);
  expect([clock.now(), clock.pending]).toEqual([START + 10, 1]);
});
