import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { asColumn, canonical, decimal, storable } from '../src/column.ts';
import { ConfigError } from '../src/errors.ts';

describe('canonical', () => {
  test('spellings of one uuid are equal', () => {
    fc.assert(
      fc.property(fc.uuid(), (uuid) => {
        const spellings = [uuid, uuid.toUpperCase(), uuid.replaceAll('-', ''), uuid.replaceAll('-', '').toUpperCase()];
        for (const spelling of spellings) expect(canonical('uuid', spelling)).toBe(uuid);
      }),
    );
  });

  test.each(['', 'x', '123e4567-e89b-12d3-a456-42661417400', '123e4567-e89b-12d3-a456-42661417400g', 7, {}])(
    '%j is no uuid',
    (value) => expect(canonical('uuid', value)).toBeUndefined(),
  );

  test('text keeps its case: two cases are two values', () => {
    expect(canonical('text', 'Ab')).toBe('Ab');
    expect(canonical('text', 'ab')).toBe('ab');
  });

  test.each([
    ['a NUL', 'a\0'],
    ['a lone high surrogate', '\ud83d'],
    ['a lone low surrogate', 'x\ude00'],
    ['a number', 7],
  ])('text refuses %s', (_, value) => expect(canonical('text', value)).toBeUndefined());

  test.each([7, 7n, '7', '007'])('the whole number %s is 7', (value) => expect(canonical('bigint', value)).toBe('7'));

  test('a bigint column holds 64 bits and refuses what lies outside', () => {
    expect(canonical('bigint', '9223372036854775807')).toBe('9223372036854775807');
    expect(canonical('bigint', -(2n ** 63n))).toBe('-9223372036854775808');
    expect(canonical('bigint', '-0')).toBe('0');
    for (const value of [2n ** 63n, '9223372036854775808', 2 ** 53, 1.5, Number.NaN, '1.0', '1e3', ' 1', '', true])
      expect(canonical('bigint', value), String(value)).toBeUndefined();
  });

  test('booleans are true and false, nothing else', () => {
    expect([true, false, 'true', 1].map((value) => canonical('boolean', value))).toEqual([
      'true',
      'false',
      undefined,
      undefined,
    ]);
  });

  test.each(['text', 'uuid', 'bigint', 'numeric', 'boolean'] as const)('a %s without value is null', (type) => {
    expect(canonical(type, null)).toBeNull();
    expect(canonical(type, undefined)).toBeNull();
  });
});

describe('decimal', () => {
  test.each([
    [0.1, '0.1'],
    [1e21, '1e+21'],
    [10n ** 30n, '1000000000000000000000000000000'],
    ['19.990', '19.990'],
    ['.5', '.5'],
    ['+5', '5'],
    ['-1e3', '-1e3'],
  ])('%s is a decimal', (value, text) => expect(decimal(value)).toBe(text));

  test.each([
    Number.NaN,
    Number.POSITIVE_INFINITY,
    'NaN',
    'Infinity',
    '',
    ' 1',
    '1_000',
    '0x10',
    '--1',
    '1e',
    '.',
    {},
    true,
  ])('%s is none', (value) => expect(decimal(value)).toBeUndefined());

  test.each([
    ['9'.repeat(1_000), true],
    [`-${'9'.repeat(500)}.${'9'.repeat(500)}`, true],
    ['1e999', true],
    ['1e-999', true],
    [10n ** 999n, true],
    ['9'.repeat(1_001), false],
    [`0.${'9'.repeat(1_000)}`, false],
    ['10e999', false],
    [`${'9'.repeat(500)}e501`, false],
    ['0.01e-999', false],
    [10n ** 1_000n, false],
  ])('is of a thousand digits at most, its exponent written out', (value, fits) => {
    expect(decimal(value) !== undefined).toBe(fits);
  });
});

test('text is not storable with a NUL or a lone surrogate anywhere in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (before, after) => {
      expect(storable(before + after)).toBe(true);
      for (const bad of ['\0', '\ud83d', '\ude00']) expect(storable(`${before}${bad}|${after}`)).toBe(false);
    }),
  );
  expect(storable('\\u0000')).toBe(true);
});

describe('asColumn', () => {
  test('a plain accessor is text; the others say their type', () => {
    const read = (): string => 'x';
    expect(asColumn(read)).toEqual({ type: 'text', read });
    expect(asColumn({ uuid: read })).toEqual({ type: 'uuid', read });
  });

  test('an empty declaration is refused', () => {
    expect(() => asColumn({} as never)).toThrow(ConfigError);
  });
});
