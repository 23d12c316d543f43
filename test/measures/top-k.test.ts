import { expect, test } from 'vitest';
import { ConfigError, topK } from '../../src/index.ts';
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

test.each([0, 1.5, 1_001])('a k of %s is refused', (k) => expect(() => topK(user, { k })).toThrow(ConfigError));
