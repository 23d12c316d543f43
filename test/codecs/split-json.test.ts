import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memberOf, splitJson } from '../../src/codecs/split-json.ts';

describe('splitJson', () => {
  test('the elements of any array are texts that parse to the same values, however it is printed', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ maxDepth: 4 })), fc.constantFrom(undefined, 2, '\t'), (values, indent) => {
        const text = JSON.stringify(values, null, indent);
        expect(splitJson(text)?.map((element) => JSON.parse(element) as unknown)).toEqual(JSON.parse(text));
      }),
    );
  });

  test('elements keep their digits', () => {
    expect(splitJson('[{"n":9007199254740993},1.10, 1E2 ]')).toEqual(['{"n":9007199254740993}', '1.10', '1E2']);
  });

  test('brackets, commas and quotes inside strings are text', () => {
    expect(splitJson(String.raw`["a]","b\"]","\\",",{["]`)).toEqual([
      '"a]"',
      String.raw`"b\"]"`,
      String.raw`"\\"`,
      '",{["',
    ]);
  });

  test.each([
    ['nothing between two commas', '[1,,2]', ['1', '', '2']],
    ['a trailing comma', '[1,]', ['1', '']],
    ['an empty array', '[ ]', []],
  ])('%s shows as it is', (_, text, elements) => expect(splitJson(text)).toEqual(elements));

  test.each([
    ['a cut-off array', '[{"a":1},{"a":2'],
    ['a cut-off string', '["a","b'],
    ['text after the end', '[1] x'],
    ['two arrays', '[1][2]'],
    ['another closing bracket', '[{"a":1}}'],
    ['no bracket', '1,2'],
    ['nothing', ''],
  ])('%s is no array', (_, text) => expect(splitJson(text)).toBeUndefined());

  test('a string of nothing but escapes, and 100,000 nested brackets, are split like any other', () => {
    const slashes = JSON.stringify(['\\'.repeat(500_000), '"'.repeat(500_000)]);
    expect(splitJson(slashes)).toHaveLength(2);
    expect(splitJson('['.repeat(100_000) + ']'.repeat(100_000))).toHaveLength(1);
    expect(splitJson('['.repeat(100_000))).toBeUndefined();
  });
});

describe('memberOf', () => {
  test('gives a member digit for digit, whatever stands around it', () => {
    const text = '{ "detail-type": "x", "a": "\\"detail\\":1", "detail" : {"n": 12345678901234567890} }';
    expect(memberOf(text, 'detail')).toBe('{"n": 12345678901234567890}');
  });

  test('gives nothing where there is no such member', () => {
    expect(memberOf('{"details":1}', 'detail')).toBeUndefined();
    expect(memberOf('{"a":{"detail":1}}', 'detail')).toBeUndefined();
    expect(memberOf('{"detail":1', 'detail')).toBeUndefined();
  });
});
