import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { distinct } from '../../src/operators/distinct.ts';
import { batchOf, order } from '../support/orders.ts';

test('the first of each id and time stays, in order', () => {
  const key = fc.record({ id: fc.constantFrom('a', 'b', 'A', '__proto__', ''), at: fc.integer({ min: 0, max: 3 }) });
  fc.assert(
    fc.property(fc.array(key), (keys) => {
      const { entries } = batchOf(keys.map(({ id, at }) => order(id, { at })));
      const seen = new Set<string>();
      const firsts = entries.filter(({ id, time }) => !seen.has(`${time} ${id}`) && seen.add(`${time} ${id}`));
      expect(distinct(entries)).toEqual(firsts);
    }),
  );
});

test('a batch without repeats is not copied', () => {
  const { entries } = batchOf([order('a'), order('b'), order('a', { at: 1 })]);
  expect(distinct(entries)).toBe(entries);
});
