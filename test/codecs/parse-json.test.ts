import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parserFor, parseRecords } from '../../src/codecs/parse-json.ts';
import { recordsOf } from '../../src/codecs/records.ts';
import { Refusal } from '../../src/codecs/refusal.ts';

/** Records of all sorts: good, no JSON, poisonous, unstorable, and those that only look so. */
const sorts = [
  '{"a":1}',
  'null',
  '7',
  '[1,[2]]',
  '"text"',
  '',
  'nope',
  '{"a":',
  '{"__proto__":1}',
  '{"constructor":{"prototype":1}}',
  '{"constructor":1}',
  String.raw`{"\u005f_proto__":1}`,
  String.raw`{"a":"\u0000"}`,
  String.raw`{"a":"\\u0000"}`,
  '{"a":"\ud83d"}',
];

const parse = (text: string): unknown => parserFor(text)(text);

describe('parserFor', () => {
  test('any JSON without forbidden keys and unstorable text is what JSON.parse says', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), (value) => {
        const text = JSON.stringify(value);
        fc.pre(!text.includes('__proto__') && !text.includes('\\u0000'));
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  test.each(['', 'nope', '{"a":1', "{'a':1}", '{"a":1}{', '{"a":01}', '{"a":NaN}', '{"a":"\u0000"}', '{"a":1,}'])(
    '%j is not JSON',
    (text) => expect(parse(text)).toMatchObject({ reason: 'not-json' }),
  );

  test.each([
    '{"__proto__":{"admin":true}}',
    '{"a":[{"__proto__":1}]}',
    String.raw`{"\u005f_proto__":{}}`,
    String.raw`{"\u005F\u005Fpr\u006fto__" : {}}`,
    '{"constructor":{"prototype":{"admin":true}}}',
    String.raw`{"\u0063onstructor":{"prototype":{}}}`,
    String.raw`{"constructor":{"\u0070rototype":{}}}`,
    String.raw`{"c\u006Fnstructo\u0072":{"prototype":{}}}`,
  ])('%s poisons', (text) => {
    expect(parse(text)).toMatchObject({ reason: 'forbidden-key' });
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
  });

  test.each(['{"constructor":"Ferrari"}', '{"a":"__proto__"}', '{"a":"\\"__proto__\\":1"}', '{"prototype":1}'])(
    '%s does not',
    (text) => expect(parse(text)).toEqual(JSON.parse(text)),
  );

  test.each([
    ['an escaped NUL', String.raw`{"a":"x\u0000"}`],
    ['an escaped NUL in a key', String.raw`{"a":{"\u0000":1}}`],
    ['an escaped lone high surrogate', String.raw`{"a":["\ud83d"]}`],
    ['an escaped lone low surrogate', String.raw`{"a":"\uDE00"}`],
    ['surrogates the wrong way round', String.raw`"\ude00\ud83d"`],
    ['a raw lone surrogate', '{"a":"\ud83d"}'],
    ['a raw lone surrogate in a key', '{"\ude00":1}'],
  ])('%s cannot be stored', (_, text) => expect(parse(text)).toMatchObject({ reason: 'unstorable-text' }));

  test.each([
    ['a backslash, u and four zeros as text', String.raw`{"a":"\\u0000"}`, { a: String.raw`\u0000` }],
    ['text that names a surrogate', String.raw`{"a":"\\ud83d"}`, { a: String.raw`\ud83d` }],
    ['an escaped pair of surrogates', String.raw`{"a":"\ud83d\ude00"}`, { a: '😀' }],
    ['an emoji', '{"a":"😀"}', { a: '😀' }],
  ])('%s is text like any other', (_, text, value) => expect(parse(text)).toEqual(value));

  test('one record that cannot be stored leaves the others of its text alone', () => {
    const bad = String.raw`{"a":"\u0000"}`;
    const one = parserFor(`[{"a":1},${bad}]`);
    expect(one('{"a":1}')).toEqual({ a: 1 });
    expect(one(bad)).toMatchObject({ reason: 'unstorable-text' });
  });

  test('100,000 levels of nesting are parsed and checked without running out of stack', () => {
    const deep = `${'['.repeat(100_000)}"\\ud83d","__proto__"${']'.repeat(100_000)}`;
    expect(parse(deep)).toMatchObject({ reason: 'unstorable-text' });
    expect(parse(deep.replace('\\ud83d', '\\u0041'))).toBeInstanceOf(Array);
  });
});

describe('parseRecords', () => {
  test('each record of a text becomes what it becomes alone, whatever stands beside it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...sorts), { minLength: 1 }),
        fc.constantFrom(',', '\n'),
        (records, between) => {
          const text = between === ',' ? `[${records.join()}]` : records.join('\n');
          const found = recordsOf(text);
          fc.pre(!(found instanceof Refusal));
          expect(parseRecords(text, found)).toEqual(found.map(parse));
        },
      ),
    );
  });
});
