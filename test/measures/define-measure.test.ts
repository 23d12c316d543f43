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
  expect(rejects).toEqual(["unfoldable: measure 'm': bits all: expected a bigint; got '0.5'"]);
});

test('what one event adds to a total of 64 bits is bounded, so that no event ends the pipeline', async () => {
  const total = defineMeasure({
    kind: 'total',
    parts: { all: { type: 'bigint', of: (e: Fact) => e.value, combine: 'sum' } },
  });
  const values = ['9223372036854775807', String(-(2n ** 53n) - 1n), String(2n ** 53n), '-1', 3];
  const { m, rejects } = (await readOf(
    total,
    values.map((value, n) => fact(n, { value })),
  )) as { m?: string; rejects: string[] };
  expect(m).toBe(String(2n ** 53n + 2n));
  expect(rejects).toEqual([
    expect.stringContaining('expected from -2^53 to 2^53 of a bigint that is summed; got 9223372036854775807'),
    expect.stringContaining('got -9007199254740993'),
  ]);
  const most = defineMeasure({
    kind: 'most',
    parts: { all: { type: 'bigint', of: (e: Fact) => e.value, combine: 'max' } },
  });
  expect(await readOf(most, [fact(1, { value: '9223372036854775807' })])).toMatchObject({ rejects: [] });
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
