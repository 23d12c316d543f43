import * as fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { ConfigError, topK } from '../../src/index.ts';
import { postgresPlace } from '../support/postgres-place.ts';
import { type Fact, fact, readOf } from './facts.ts';

const user = (e: Fact) => e.user;

test('the most frequent come first, equal ones byte by byte, no more than k', async () => {
  const given = ['b', 'a', 'c', 'b', 'Z', '😀', null].map((each, i) => fact(i, { user: each }));
  expect(await readOf(topK(user, { k: 3 }), given)).toMatchObject({
    m: '[{"n": 2, "item": "b"}, {"n": 1, "item": "Z"}, {"n": 1, "item": "a"}]',
  });
});

test('totals count instead, exactly, also beyond 2^53; null counts nothing', async () => {
  const given = ['9007199254740993', '0.10', '0.2', null].map((value, i) => fact(i, { value, user: i ? 'b' : 'a' }));
  expect(await readOf(topK(user, { k: 9, by: (e) => e.value }), given)).toMatchObject({
    m: '[{"n": 9007199254740993, "item": "a"}, {"n": 0.3, "item": "b"}]',
  });
  expect(await readOf(topK(user, { k: 9, by: () => null }), given)).toMatchObject({ m: '[]' });
});

test('SQL and JavaScript choose the same in the same order, whatever the order of rows', async () => {
  const place = await postgresPlace();
  onTestFinished(() => place.close());
  const measure = topK(user, { k: 3 });
  await place.query(`create schema scalestream; ${measure.functions?.join('')}`);
  const row = fc.record({
    item: fc.constantFrom('a', 'b', 'B', 'ä', 'z', '10', '9'),
    n: fc.integer({ min: 1, max: 2 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(row, { selector: ({ item }) => item }), async (rows) => {
      const [items, ns] = [rows.map(({ item }) => item), rows.map(({ n }) => n)];
      const [found] = await place.query<{ top: string }>(
        `select scalestream.top_of('{${items.join(',')}}', '{${ns.join(',')}}', 3)::text as top`,
      );
      expect(found?.top).toBe(
        measure.readings[0]?.of(
          {},
          rows.map(({ item, n }) => ({ item, n: String(n) })),
        ),
      );
    }),
    { numRuns: 50 },
  );
});

test.each([0, 1.5, 1_001])('a k of %s is refused', (k) => expect(() => topK(user, { k })).toThrow(ConfigError));
