import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { MAX_EVENT_TIME } from '../../src/event-time.ts';
import { tumbling } from '../../src/windows/tumbling.ts';

test('each time lies in exactly one window: starts are multiples of the size, at or before the time, by less than a size', () => {
  const sizes = fc.constantFrom('1ms', '250ms', '7s', '10s', '1m', '1.5h', '1d').map((size) => tumbling(size as '1s'));
  fc.assert(
    fc.property(sizes, fc.integer({ min: 0, max: MAX_EVENT_TIME - 1 }), ({ of, stored: size = 0 }, time) => {
      const { start: from } = of(time, undefined);
      expect(from % size).toBe(0);
      expect(from).toBeLessThanOrEqual(time);
      expect(time - from).toBeLessThan(size);
    }),
  );
});

test('a window holds its start and not its end', () => {
  const { of } = tumbling('10s');
  expect([0, 9_999_999, 10_000_000, 0].map((time) => of(time, undefined).start)).toEqual([0, 0, 10_000_000, 0]);
});

test.each(['0.5ms', '0.0001s'] as const)('a window of %s is refused: the smallest is a millisecond', (size) => {
  expect(() => tumbling(size)).toThrow(ConfigError);
});
