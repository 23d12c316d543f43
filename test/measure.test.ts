import { expect, test } from 'vitest';
import { count, countIf, max, mean, min, sum } from '../src/index.ts';

const cents = (e: { cents: number }): number => e.cents;
const event = { cents: 7 };
const AT = { id: 'a', time: 0 };

test('a count takes nothing from the event; the others take their value', () => {
  expect(count().inputs).toEqual([]);
  for (const measure of [sum(cents), min(cents), max(cents), mean(cents)])
    expect(measure.inputs.map(({ read }) => read(event, AT))).toEqual([7]);
});

test('a condition counts 1 where it holds and 0 where not', () => {
  const measure = countIf((e: { cents: number }) => e.cents > 5);
  expect([event, { cents: 5 }].map((e) => measure.inputs[0]?.read(e, AT))).toEqual([1, 0]);
});

test('each measure merges in any order: parts are sums, minima and maxima, and a mean is two sums', () => {
  const shown = [count(), countIf(() => true), sum(cents), min(cents), max(cents), mean(cents)].map((measure) =>
    measure.parts.map(
      ({ suffix, type, of, combine }) =>
        `${suffix} ${type} ${of} ${typeof combine === 'string' ? combine : combine.name}`,
    ),
  );
  expect(shown).toEqual([
    [' bigint events sum'],
    [' bigint value sum'],
    [' numeric value sum'],
    [' numeric value min'],
    [' numeric value max'],
    ['_sum numeric value sum', '_count bigint values sum'],
  ]);
});
