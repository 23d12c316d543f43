import { describe, expect, test } from 'vitest';
import { ConfigError } from '../src/errors.ts';
import { count, mean, sum } from '../src/index.ts';
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
});
