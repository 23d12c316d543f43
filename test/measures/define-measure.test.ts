import { expect, test } from 'vitest';
import { ConfigError, defineMeasure } from '../../src/index.ts';
import { type Fact, fact, readOf } from './facts.ts';

const bits = defineMeasure({
  kind: 'bits',
  parts: {
    all: {
      type: 'bigint',
      of: (e: Fact) => e.value,
      combine: { sql: (a, b) => `${a} | ${b}`, of: (a, b) => a | b },
    },
  },
});

test('a part alone is the measure; null contributes nothing', async () => {
  expect(
    await readOf(
      bits,
      [1, null, 4].map((value, i) => fact(i, { value })),
    ),
  ).toEqual({ m: '5', rejects: [] });
  expect(await readOf(bits, [fact(1, { value: null })])).toEqual({ m: null, rejects: [] });
});

test('parts with a reading are columns beside it', async () => {
  const range = defineMeasure({
    kind: 'range',
    parts: {
      least: { type: 'numeric', of: (e: Fact) => e.value, combine: 'min' },
      most: { type: 'numeric', of: (e: Fact) => e.value, combine: 'max' },
    },
    reading: {
      type: 'text',
      sql: ({ least, most }) => `${least} || ' to ' || ${most}`,
      of: ({ least, most }) => (least === null ? null : `${least} to ${most}`),
    },
  });
  expect(await readOf(range, [fact(1, { value: 3 }), fact(2, { value: '0.50' })])).toMatchObject({
    m_least: '0.5',
    m_most: '3',
    m: '0.5 to 3',
  });
});

test('what does not fit the type of a part makes its event a reject', async () => {
  const { rejects } = await readOf(bits, [fact(1, { value: '0.5' })]);
  expect(rejects).toEqual(["unfoldable: bits all: expected a bigint; got '0.5'"]);
});

test('another combination is another version of the table', () => {
  const either = (sql: string) =>
    defineMeasure({
      kind: 'bits',
      parts: {
        all: {
          type: 'bigint',
          of: (e: Fact) => e.value,
          combine: { sql: (a, b) => `${a} ${sql} ${b}`, of: (a, b) => a | b },
        },
      },
    });
  expect(either('|').shape).not.toEqual(either('&').shape);
  expect(either('|').functions).not.toEqual(either('&').functions);
});

test.each<[string, unknown]>([
  ['no parts', { kind: 'k', parts: {} }],
  ['a part without a type', { kind: 'k', parts: { a: { of: () => 1, combine: 'sum' } } }],
  ['a sum of texts', { kind: 'k', parts: { a: { type: 'text', of: () => 'a', combine: 'sum' } } }],
  [
    'a combination without SQL',
    { kind: 'k', parts: { a: { type: 'bigint', of: () => 1, combine: { of: (a: bigint) => a } } } },
  ],
  ['a kind that is no word', { kind: "it's", parts: { a: { type: 'bigint', of: () => 1, combine: 'sum' } } }],
])('%s is refused', (_, options) => expect(() => defineMeasure(options as never)).toThrow(ConfigError));
