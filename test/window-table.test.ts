import { describe, expect, test } from 'vitest';
import { ConfigError } from '../src/errors.ts';
import { count, funnel, hopping, mean, session, sum } from '../src/index.ts';
import { tumbling } from '../src/windows/tumbling.ts';
import { windowTable } from '../src/window-table.ts';
import { order, orders } from './support/orders.ts';

const window = tumbling('10s');

describe('windowTable', () => {
  test('knows its events, its key columns in their order, and its measures', () => {
    const table = windowTable('t', orders, {
      window,
      key: { product: (e) => e.product ?? '', cents: { bigint: (e) => e.cents } },
      measures: { n: count(), total: sum((e) => e.cents) },
    });
    expect(table).toMatchObject({ kind: 'windows', name: 't', of: 'orders' });
    expect(Object.entries(table.key).map(([name, column]) => [name, column.type])).toEqual([
      ['product', 'text'],
      ['cents', 'bigint'],
    ]);
    expect(table.key.product.read(order('a'))).toBe('tea');
    expect(Object.keys(table.measures)).toEqual(['n', 'total']);
  });

  test.each([
    ['a name that is no SQL identifier', () => windowTable('T', orders, { window, key: {}, measures: {} })],
    [
      'a numeric key: 1.0 and 1.00 would be two rows here and one in SQL',
      () => windowTable('t', orders, { window, key: { cents: { numeric: (e) => e.cents } }, measures: {} }),
    ],
    [
      'a measure with the name of a key',
      () => windowTable('t', orders, { window, key: { n: (e) => e.id }, measures: { n: count() } }),
    ],
    [
      "a column of the engine's",
      () => windowTable('t', orders, { window, key: { revision: (e) => e.id }, measures: {} }),
    ],
    [
      'a measure with the name of a part of another',
      () =>
        windowTable('t', orders, { window, key: {}, measures: { price: mean((e) => e.cents), price_sum: count() } }),
    ],
  ])('refuses %s', (_, wrong) => expect(wrong).toThrow(ConfigError));

  const way = funnel({ steps: { bought: () => true } });

  test.each([window, hopping({ size: '1h', every: '10m' })])(
    'refuses a funnel of nobody in windows that are no sessions',
    (each) => {
      const wrong = () => windowTable('t', orders, { window: each, key: {}, measures: { way } });
      expect(wrong).toThrow(ConfigError);
      expect(wrong).toThrow(
        `windowTable('t') measure 'way': expected session windows for a funnel without 'by'; got "${each.kind}". Fix: by: (e) => e.user`,
      );
    },
  );

  test('takes a funnel of nobody in sessions, and of somebody in any windows', () => {
    const own = windowTable('t', orders, { window: session({ gap: '30m' }), key: {}, measures: { way } });
    const byProduct = funnel({ by: (e: { product: string | null }) => e.product, steps: { bought: () => true } });
    expect(own.measures.way).toBe(way);
    expect(windowTable('t', orders, { window, key: {}, measures: { way: byProduct } }).name).toBe('t');
  });
});

describe('windows', () => {
  const any = (value: unknown) => value as never;

  test.each<[string, () => unknown, string]>([
    [
      'a size that is no multiple of the hop',
      () => hopping({ size: '1h', every: '25m' }),
      'hopping({ size, every }): expected a size that is a multiple of the hop, 1440 hops at most; got "1h every 25m"',
    ],
    ['too many hops', () => hopping({ size: '1d', every: '1s' }), 'got "1d every 1s"'],
    ['a size alone', () => hopping(any('1h')), `got "1h". Fix: hopping({ size: '1h', every: '10m' })`],
    ['hopping without options', () => hopping(any(undefined)), 'expected options size, every; got nothing'],
    ['a hop that is misspelt', () => hopping(any({ size: '1h', evry: '10m' })), "did you mean 'every'?"],
    ['a gap alone', () => session(any('30m')), `got "30m". Fix: session({ gap: '30m' })`],
    ['a gap that is misspelt', () => session(any({ gpa: '30m' })), "got 'gpa'. Fix: did you mean 'gap'?"],
  ])('%s: refused', (_, wrong, said) => {
    expect(wrong).toThrow(ConfigError);
    expect(wrong).toThrow(said);
  });
});
