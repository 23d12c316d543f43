import { expect, test } from 'vitest';
import { type Duration, milliseconds } from '../src/duration.ts';
import { ConfigError } from '../src/errors.ts';

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
