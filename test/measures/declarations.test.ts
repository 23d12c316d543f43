import { expect, test } from 'vitest';
import {
  ConfigError,
  count,
  countIf,
  defineMeasure,
  distinct,
  exactDistinct,
  first,
  funnel,
  last,
  type Measure,
  max,
  mean,
  min,
  money,
  quantiles,
  ratio,
  sum,
  topK,
  variance,
} from '../../src/index.ts';
import { type Fact, fact, readOf } from './facts.ts';

// What a file of plain JavaScript may declare.
const any = (value: unknown) => value as never;
const value = (e: Fact) => e.value;
const user = (e: Fact) => e.user;
const part = { type: 'bigint', of: () => 1, combine: 'sum' } as const;
const reading = { type: 'numeric', sql: () => '1', of: () => '1' } as const;
const defined = (wrong: object) => () => defineMeasure(any({ kind: 'k', parts: { a: part }, ...wrong }));
const aPart = (wrong: object) => defined({ parts: { a: { ...part, ...wrong } } });

test.each<[string, () => unknown, string]>([
  ['sum', () => sum(any('cents')), 'sum: expected a function of the event; got "cents". Fix: sum((e) => e.cents)'],
  ['sum', () => sum(any(undefined)), 'got nothing. Fix: sum((e) => e.value)'],
  ['sum', () => sum(any(5n)), 'got 5n'],
  ['sum', () => sum(any(Number.NaN)), 'got NaN'],
  ['mean', () => mean(any(7)), 'mean: expected a function of the event; got 7'],
  ['variance', () => variance(any({})), 'variance: expected a function of the event; got {'],
  ['min', () => min(any('x')), 'Fix: min((e) => e.x)'],
  ['max', () => max(any('x y')), 'Fix: max((e) => e.value)'],
  ['countIf', () => countIf(any('x')), 'countIf: expected a function of the event; got "x"'],
  ['distinct', () => distinct(any('x')), 'distinct: expected a function of the event; got "x"'],
  [
    'exactDistinct',
    () => exactDistinct(any(undefined)),
    'exactDistinct: expected a function of the event; got nothing',
  ],
  ['quantiles', () => quantiles(any('x'), { p: [0.5] }), 'quantiles: expected a function of the event; got "x"'],
  ['topK', () => topK(any('x'), { k: 1 }), 'topK: expected a function of the event; got "x"'],
  ['money', () => money(any('x'), { currency: 'EUR' }), 'money: expected a function of the event; got "x"'],
  ['first', () => first(any('x')), 'first: expected an accessor'],
  ['last', () => last(any({ numeric: value, unit: 'EUR' })), 'got { numeric, unit }'],
  ['ratio', () => ratio(any(value), count()), 'ratio: expected two measures, sums or counts; got a function'],
  ['ratio', () => ratio(count(), any(undefined)), 'got nothing. Fix: ratio(countIf(…), count())'],
  ['ratio', () => ratio(mean(value), count()), 'ratio: expected sums or counts; got "mean"'],
  ['funnel', () => funnel({ by: any('user'), steps: { a: () => true } }), 'funnel by: expected a function'],
])('%s of what is no function or measure is refused', (_, wrong, said) => {
  expect(wrong).toThrow(ConfigError);
  expect(wrong).toThrow(said);
});

test.each<[string, (options: object) => unknown]>([
  ['count', (options) => count(any(options))],
  ['countIf', (options) => countIf(() => true, any(options))],
  ['sum', (options) => sum(value, any(options))],
  ['min', (options) => min(value, any(options))],
  ['max', (options) => max(value, any(options))],
  ['mean', (options) => mean(value, any(options))],
  ['variance', (options) => variance(value, any(options))],
  ['ratio', (options) => ratio(count(), count(), any(options))],
  ['first', (options) => first(user, any(options))],
  ['last', (options) => last(user, any(options))],
  ['distinct', (options) => distinct(user, any(options))],
  ['exactDistinct', (options) => exactDistinct(user, any(options))],
  ['quantiles', (options) => quantiles(value, any({ p: [0.5], ...options }))],
  ['topK', (options) => topK(user, any({ k: 1, ...options }))],
  ['funnel', (options) => funnel(any({ steps: { a: () => true }, ...options }))],
  ['defineMeasure', (options) => defineMeasure(any({ kind: 'k', parts: { a: part }, ...options }))],
])('options of %s are those that there are', (name, measure) => {
  expect(() => measure({ units: 'EUR' })).toThrow(ConfigError);
  expect(() => measure({ units: 'EUR' })).toThrow("got 'units'. Fix: did you mean 'unit'?");
  expect(() => measure({ unit: 5 })).toThrow(ConfigError);
  expect(() => measure({ unit: 5 })).toThrow(`${name} unit: expected a text; got 5`);
  expect(measure({ unit: 'EUR' })).toMatchObject({ unit: 'EUR' });
});

test.each<[string, () => unknown, string]>([
  [
    'a count of something',
    () => count(any(value)),
    'count: expected options: it counts every event; got a function. Fix: countIf((e) => …)',
  ],
  ['options that are a function', () => sum(value, any(user)), 'sum: expected options unit; got a function'],
  [
    'an error of a distinct',
    () => distinct(user, any({ error: 0.01 })),
    "distinct: expected options unit; got 'error'",
  ],
  [
    'percents',
    () => quantiles(value, { p: [95] }),
    'quantiles p: expected numbers above 0 and below 1; got [95]. Fix: p: [0.95]',
  ],
  ['percents with decimals', () => quantiles(value, { p: [0.5, 99.9] }), 'got [0.5, 99.9]. Fix: p: [0.5, 0.999]'],
  ['a quantile alone', () => quantiles(value, { p: any(0.9) }), 'got 0.9. Fix: p: [0.9]'],
  ['a quantile as text', () => quantiles(value, { p: any(['0.9']) }), 'got ["0.9"]. Fix: p: [0.5, 0.95]'],
  ['no quantiles', () => quantiles(value, { p: [] }), 'got []. Fix: p: [0.5, 0.95]'],
  ['an error as text', () => quantiles(value, { p: [0.5], error: any('0.01') }), 'quantiles error'],
  [
    'steps that are whole numbers',
    () => funnel({ steps: { view: () => true, 10: () => true } }),
    `funnel steps: expected names that are no whole numbers: JavaScript puts those in an order of its own; got "10". Fix: 'step_10'`,
  ],
  ['a part that is none', defined({ parts: { a: 1 } }), "defineMeasure('k') part 'a': expected a type"],
  [
    'a part with an option that there is not',
    aPart({ combines: 'sum' }),
    "part 'a': expected options type, of, combine; got 'combines'. Fix: did you mean 'combine'?",
  ],
  ['another type', aPart({ type: 'int' }), `part 'a' type: expected 'bigint', 'numeric' or 'text'; got "int"`],
  ['a part that reads nothing', aPart({ of: 'x' }), `part 'a' of: expected a function of the event; got "x"`],
  [
    'another combination',
    aPart({ combine: 'avg' }),
    `part 'a' combine: expected of a bigint 'sum', 'min', 'max' or { sql, of }; got "avg". Fix: combine: 'sum'`,
  ],
  [
    'a sum of texts',
    aPart({ type: 'text' }),
    `part 'a' combine: expected of a text 'min', 'max' or { sql, of }; got "sum". Fix: combine: 'min'`,
  ],
  ['a combination without SQL', aPart({ combine: { of: () => 1n } }), "part 'a' combine sql: expected a function"],
  ['a reading that is null', defined({ reading: null }), "defineMeasure('k') reading: expected a type"],
  ['a reading that is a function', defined({ reading: () => '1' }), 'got a function'],
  [
    'a reading of another type',
    defined({ reading: { ...reading, type: 'int' } }),
    `reading type: expected one of bigint, numeric, text, boolean, uuid, jsonb; got "int"`,
  ],
  [
    'a reading without SQL',
    defined({ reading: { ...reading, sql: '1' } }),
    'reading sql: expected a function; got "1"',
  ],
  ['a reading in SQL alone', defined({ reading: { ...reading, of: undefined } }), 'reading of: expected a function'],
])('%s: refused', (_, wrong, said) => {
  expect(wrong).toThrow(ConfigError);
  expect(wrong).toThrow(said);
});

test.each<[string, Measure<Fact>, string]>([
  ['a sum', sum(() => any('much')), 'expected a finite number, a bigint or decimal text; got '],
  ['the value of the first event', first({ bigint: () => 'x' }), 'first: expected a bigint; got '],
  ['an item', exactDistinct(() => any(7)), "key 'item': expected a text; got 7"],
  ['what counts of an item', topK(user, { k: 1, by: () => any(true) }), 'expected a finite number'],
])('an event that does not fit %s is a reject that names the column, once', async (_, measure, said) => {
  const [reject] = (await readOf(measure, [fact(1)])).rejects;
  expect(reject?.startsWith(`unfoldable: measure 'm': ${said}`), reject).toBe(true);
});
