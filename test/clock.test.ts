import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../src/clock.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('the system clock reads the machine, runs a task once after its time, and can cancel it', () => {
  vi.setSystemTime(1_000);
  const ran: number[] = [];
  systemClock.after(10, () => ran.push(systemClock.now()));
  const cancel = systemClock.after(5, () => ran.push(-1));
  cancel();
  vi.advanceTimersByTime(9);
  expect(ran).toEqual([]);
  vi.advanceTimersByTime(50);
  expect(ran).toEqual([1_010]);
});
