import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../src/clock.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('the system clock runs a task once after its time, and can cancel it', () => {
  const ran: number[] = [];
  const started = systemClock.now();
  systemClock.after(10, () => ran.push(systemClock.now() - started));
  const cancel = systemClock.after(5, () => ran.push(-1));
  cancel();
  vi.advanceTimersByTime(9);
  expect(ran).toEqual([]);
  vi.advanceTimersByTime(50);
  expect(ran).toEqual([10]);
});

test('the system clock counts whole milliseconds since 1970, and a wall clock that is set moves it neither forward nor back', () => {
  vi.useRealTimers();
  const before = systemClock.now();
  expect(Number.isInteger(before)).toBe(true);
  expect(Math.abs(before - Date.now())).toBeLessThan(60_000);
  vi.useFakeTimers({ toFake: ['Date'] });
  for (const wall of [Date.UTC(1999, 0, 1), Date.UTC(2099, 0, 1)]) {
    vi.setSystemTime(wall);
    expect(systemClock.now()).toBeGreaterThanOrEqual(before);
    expect(systemClock.now() - before).toBeLessThan(60_000);
  }
});
