import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { distinct } from '../../src/operators/distinct.ts';
import { batchOf, order } from '../support/orders.ts';

test('the first of each time and id stays, sorted by them', () => {
  const key = fc.record({ id: fc.constantFrom('a', 'b', 'A', '__proto__', ''), at: fc.integer({ min: 0, max: 3 }) });
  fc.assert(
    fc.property(fc.array(key), (keys) => {
      const { entries } = batchOf(keys.map(({ id, at }) => order(id, { at })));
      const firsts = new Map<string, (typeof entries)[number]>();
      for (const entry of entries) {
        const name = `${entry.time} ${entry.id}`;
        if (!firsts.has(name)) firsts.set(name, entry);
      }
      const names = [...firsts.keys()].sort(); // times have one length here
      const kept = distinct(entries);
      expect(kept).toEqual(names.map((name) => firsts.get(name)));
      expect(kept.every((entry) => entries.includes(entry))).toBe(true);
    }),
  );
});
