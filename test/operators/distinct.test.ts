import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { distinct } from '../../src/operators/distinct.ts';
import { identified } from '../contracts/identified.ts';
import { batchOf, order, orders } from '../support/orders.ts';

const NONE = new Set<string>();
const key = fc.record({ id: fc.constantFrom('a', 'b', 'A', '__proto__', ''), at: fc.integer({ min: 0, max: 3 }) });

describe('distinct', () => {
  test('the first of each time and id stays, sorted by them', () => {
    fc.assert(
      fc.property(fc.array(key), (keys) => {
        const { entries } = batchOf(keys.map(({ id, at }) => order(id, { at })));
        const firsts = new Map<string, (typeof entries)[number]>();
        for (const entry of entries) {
          const name = `${entry.time} ${entry.id}`;
          if (!firsts.has(name)) firsts.set(name, entry);
        }
        const names = [...firsts.keys()].sort(); // times have one length here
        const { entries: kept, rivals } = distinct(orders, entries);
        expect(kept).toEqual(names.map((name) => firsts.get(name)));
        expect(kept.every((entry) => entries.includes(entry))).toBe(true);
        expect(rivals(NONE)).toEqual([]);
      }),
    );
  });

  test('rivals are those that say something else than the first of their time and id, unless an operator changed one of them', () => {
    const cents = fc.record({ id: fc.constantFrom('a', 'b'), cents: fc.nat(2), changed: fc.boolean() });
    fc.assert(
      fc.property(fc.array(cents), (given) => {
        const arrived = batchOf(given.map((each) => order(each.id, each))).entries;
        const entries = arrived.map((entry, i) => (given[i]?.changed ? { ...entry, json: '{}' } : entry));
        const { entries: kept, rivals } = distinct(orders, entries);
        const expected = entries.filter((entry) => {
          const first = kept.find(({ id }) => id === entry.id);
          return entry.raw !== first?.raw && entry.json !== '{}' && first?.json !== '{}';
        });
        const byId = (a: { readonly id: string }, b: { readonly id: string }) => a.id.localeCompare(b.id);
        expect(rivals(NONE)).toEqual(expected.toSorted(byId));
      }),
    );
  });

  test('nothing is compared where ids are made of the content', () => {
    const { sales } = identified('sales', { id: 'content' });
    const { entries } = batchOf([order('a'), order('a', { cents: 1 })]);
    expect(distinct(sales, entries).rivals(NONE)).toEqual([]);
  });

  test('where late events are diverted, every retry with another time is a rival: the first may not have counted', () => {
    const { sales } = identified('sales', { dedupe: { by: 'id', within: '1d' }, late: 'divert' });
    const { entries } = batchOf([2, 0, 1, 0].map((at) => order('a', { at })));
    const { entries: kept, rivals } = distinct(sales, entries);
    expect(kept).toEqual([entries[1]]);
    expect(rivals(NONE)).toEqual([entries[2], entries[0]]);
  });

  test('where the id alone decides, the earliest of each stays; rivals are too far from it, or it was refused', () => {
    const { sales } = identified('sales', { dedupe: { by: 'id', within: '2ms' } });
    fc.assert(
      fc.property(fc.array(key), fc.constantFrom('a', 'b', '?'), (keys, refused) => {
        const { entries } = batchOf(keys.map(({ id, at }) => order(id, { at })));
        const { entries: kept, rivals } = distinct(sales, entries);
        const ids = [...new Set(entries.map(({ id }) => id))];
        expect(kept.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
        for (const { id, time } of kept)
          expect(time).toBe(Math.min(...entries.filter((entry) => entry.id === id).map((entry) => entry.time)));
        const open = rivals(new Set([refused]));
        const others = entries.filter((entry) => !kept.includes(entry));
        const isOpen = (entry: (typeof entries)[number]) =>
          entry.id === refused || entry.time - (kept.find(({ id }) => id === entry.id)?.time ?? 0) > 2_000;
        expect(new Set(open)).toEqual(new Set(others.filter(isOpen)));
        expect(open.map(({ time }) => time)).toEqual(open.map(({ time }) => time).toSorted((a, b) => a - b));
      }),
    );
  });
});
