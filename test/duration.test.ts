import { expect, test } from 'vitest';
import { type Duration, milliseconds, spoken } from '../src/duration.ts';
import { ConfigError } from '../src/errors.ts';

const LONGEST_MS = 36_525 * 86_400_000;

test.each<[Duration, number]>([
  ['100ms', 100],
  ['10s', 10_000],
  ['1.5h', 5_400_000],
  ['2m', 120_000],
  ['90d', 7_776_000_000],
])('%s is %d milliseconds', (text, ms) => expect(milliseconds(text)).toBe(ms));

test.each(['', '10', 's', '0s', '-1s', '1 s', '1S', '1w', '1e3s', `${'9'.repeat(400)}d`])(
  '%j is no duration, and the error says what one looks like',
  (text) => {
    expect(() => milliseconds(text as Duration, 'retry')).toThrow(ConfigError);
    expect(() => milliseconds(text as Duration, 'retry')).toThrow(/^retry: expected a number above zero and its unit/);
  },
);

test('a bare number is asked for its unit', () => {
  expect(() => milliseconds('10' as Duration)).toThrow("'10s' or '10ms'?");
});

test.each<[number, string]>([
  [1, '1ms'],
  [999, '999ms'],
  [600_000, '10m'],
  [120_000, '2m'],
  [126_000, '126s'],
  [86_400_000, '1d'],
  [129_600_000, '36h'],
  [7_776_000_000, '90d'],
  [LONGEST_MS, '36525d'],
  [172_920_000, '2d 2m'],
  [1_500, '1s 500ms'],
  [0.5, '0.5ms'],
])('%d milliseconds are said as %s', (ms, text) => expect(spoken(ms)).toBe(text));

test.each<Duration>(['1ms', '10m', '90d', '36h', '126s'])('%s is said as it was written', (text) =>
  expect(spoken(milliseconds(text))).toBe(text),
);
