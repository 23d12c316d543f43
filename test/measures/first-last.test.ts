import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { first, last } from '../../src/index.ts';
import { type Fact, fact, readOf, someFacts } from './facts.ts';

const user = (e: Fact) => e.user;
const shuffled = (all: readonly Fact[]): fc.Arbitrary<Fact[]> =>
  fc.shuffledSubarray([...all], { minLength: all.length, maxLength: all.length });

test('the first and the last value are those of the earliest and the latest event, not of what arrives first and last', async () => {
  const given = [
    fact(1, { at: 20, user: 'middle' }),
    fact(2, { at: 30, user: 'late' }),
    fact(3, { at: 10, user: 'early' }),
  ];
  expect(await readOf(first(user), given)).toMatchObject({ m: 'early' });
  expect(await readOf(last(user), given)).toMatchObject({ m: 'late' });
});

test('of events of one microsecond the same one is first, whatever the order of arrival', async () => {
  const at = [5, 5, 5, 5].map((at, i) => fact(i, { at, user: `u${i}` }));
  await fc.assert(
    fc.asyncProperty(shuffled(at), async (given) => {
      for (const measure of [first(user), last(user)])
        expect(await readOf(measure, given)).toEqual(await readOf(measure, at));
    }),
    { numRuns: 20 },
  );
});

test('they are found as a sort by time finds them', async () => {
  await fc.assert(
    fc.asyncProperty(someFacts, async (all) => {
      const given = all.map((each, i) => ({ ...each, at: fact(0, { at: i * 7 }).at, page: 'home' }));
      const users = given.flatMap((e) => e.user ?? []);
      expect((await readOf(first(user), given.toReversed()))['m' as never]).toBe(users[0] ?? null);
      expect((await readOf(last(user), given.toReversed()))['m' as never]).toBe(users.at(-1) ?? null);
    }),
    { numRuns: 30 },
  );
});

test('null contributes nothing; a window of nulls has no first value', async () => {
  expect(await readOf(first(user), [fact(1, { at: 1, user: null }), fact(2, { at: 2 })])).toMatchObject({ m: 'anna' });
  expect(await readOf(last(user), [fact(1, { user: null })])).toMatchObject({ m: null, m_mark: null });
});

test('values have the type they are declared with', async () => {
  const given = [fact(1, { value: '12.500' })];
  expect(await readOf(last({ numeric: (e) => e.value }), given)).toMatchObject({ m: '12.5' });
  expect(await readOf(last({ bigint: () => 9_007_199_254_740_993n }), given)).toMatchObject({ m: '9007199254740993' });
  expect(await readOf(last({ boolean: () => true }), given)).toMatchObject({ m: 'true' });
  expect(last({ numeric: (e: Fact) => e.value }).readings).toMatchObject([{ type: 'numeric' }]);
});

test('a value that is none, or of more than 10,000 bytes, makes its event a reject that says so', async () => {
  const { rejects } = await readOf(last(user), [
    fact(1, { user: 'ü'.repeat(5_001) }),
    fact(2, { user: 'ü'.repeat(5_000) }),
  ]);
  expect(rejects).toEqual(["unfoldable: measure 'm': last: expected at most 10000 bytes; got 10002"]);
  expect(await readOf(last({ bigint: (e) => e.value }), [fact(1, { value: 'x' })])).toEqual({
    rejects: ["unfoldable: measure 'm': last: expected a bigint; got 'x'"],
  });
});
