import { expect, test } from 'vitest';
import { decimal } from '../../src/column.ts';
import { decompress } from '../../src/codecs/decompress.ts';
import { eventTime } from '../../src/event-time.ts';

// As long as a message may be. An expression that looks back again and again takes hours for these, and no lease is renewed meanwhile.
const MIB = 2 ** 20;

test.each([
  ['blanks in base64', () => decompress(`H4sI${' '.repeat(MIB)}!`, undefined, MIB)],
  ['padding in base64', () => decompress(`H4sI${'= '.repeat(MIB / 2)}`, undefined, MIB)],
  ['digits of no number', () => decimal(`${'1'.repeat(MIB)}x`)],
  ['digits and points', () => decimal(`${'1'.repeat(MIB)}.${'1'.repeat(MIB)}x`)],
  ['digits of no time', () => eventTime(`2026-01-01T00:00:00.${'1'.repeat(MIB)}`)],
])('a mebibyte of %s is read at once', (_, read) => {
  const read_ = read();
  expect(read_ === undefined || typeof read_ === 'object').toBe(true);
});
