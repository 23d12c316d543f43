import * as fc from 'fast-check';
import { lastValueFrom, of } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { foldInto } from '../../src/operators/fold-into.ts';
import { countIf, type Contribution, max, mean, min, sum, tumbling, windowTable } from '../../src/index.ts';
import { identityOf } from '../../src/sinks/accumulate.ts';
import { tableFold } from '../../src/sinks/table-fold.ts';
import { storedOf } from '../../src/stored.ts';
import { naiveTrade } from '../support/naive-fold.ts';
import { freshOf, type Order, order, orders, trade } from '../support/orders.ts';

const foldOf = (events: readonly Order[], table: typeof trade = trade) =>
  lastValueFrom(of(freshOf(events)).pipe(foldInto(table)));
const every = (): boolean => true;

/** The parts of one window into which the contributions were merged, one flush each. */
async function merged(...contributions: Contribution[]) {
  let at = 0;
  const value = (): Contribution => contributions[at++];
  const table = windowTable('t', orders, {
    window: tumbling('10s'),
    key: {},
    measures: { n: sum(value) },
  });
  const rows = tableFold(table);
  for (const _ of contributions)
    rows.merge(await lastValueFrom(of(freshOf([order('a')])).pipe(foldInto(table))), every);
  return [...rows.rows(0)][0]?.parts[0];
}

describe('accumulate', () => {
  test('in whatever flushes the events come, the rows are the same as of a naive fold', async () => {
    const event = fc.record({
      at: fc.integer({ min: 0, max: 30_000 }),
      product: fc.constantFrom('tea', 'mug'),
      cents: fc.integer({ min: -100, max: 100 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(event)), async (flushes) => {
        const rows = tableFold(trade);
        const all = flushes.map((flush) => flush.map((each, i) => order(String(i), each)));
        for (const flush of all) rows.merge(await foldOf(flush), every);
        const naive = naiveTrade(all.flat());
        for (const row of naive) {
          const found = rows.get(
            0,
            identityOf(Date.parse(row['window_start'] as string) * 1_000, [row['product'] as string]),
          );
          expect(found?.parts).toEqual(
            ['orders', 'cents', 'least', 'most', 'mean_sum', 'mean_count'].map((column) => row[column]),
          );
        }
        expect([...rows.rows(0)]).toHaveLength(naive.length);
      }),
    );
  });

  test('only events that count are merged, and only rows that began are reported', async () => {
    const rows = tableFold(trade);
    const fold = await foldOf([order('a'), order('b', { product: 'mug' }), order('c')]);
    expect(rows.merge(fold, (event) => event === 0).began).toHaveLength(1);
    expect([...rows.rows(0)].map((row) => [row.key, row.parts[0]])).toEqual([[['tea'], '1']]);
    expect(rows.merge(fold, (event) => event > 0).began).toHaveLength(1);
    expect(rows.merge(fold, () => false).began).toHaveLength(0);
    expect([...rows.rows(0)].map((row) => row.parts[0])).toEqual(['2', '1']);
  });

  test.each<[Contribution[], string]>([
    [[0.1, 0.2], '0.3'],
    [['1.00000000000000000001', '1'], '2.00000000000000000001'],
    [[1, '1.00000000000000000001'], '2.00000000000000000001'],
    [['0.5', '0.5', 1], '2'],
    [['9007199254740993', 1], '9007199254740994'],
    [[2n ** 70n, -1], String(2n ** 70n - 1n)],
    [['1e3', 1], '1001'],
    [['1e-30', '1'], '1.000000000000000000000000000001'],
    [[1, '1e-324'], `1.${'0'.repeat(323)}1`],
    [['+5', 5], '10'],
    [[1e21, 1], '1000000000000000000001'],
    [[-0, 0], '0'],
    [[-5, 5], '0'],
    [[null, undefined, 3], '3'],
    [[null], '0'],
  ])('sums are exact: %s', async (contributions, total) => {
    expect(await merged(...contributions)).toBe(total);
  });

  test('where nothing contributed, sums and counts are 0 and extremes are null', async () => {
    const none = (): null => null;
    const table = windowTable('t', orders, {
      window: tumbling('10s'),
      key: {},
      measures: {
        total: sum(none),
        least: min(none),
        most: max(none),
        average: mean(none),
        some: countIf(() => false),
      },
    });
    const rows = tableFold(table);
    rows.merge(await lastValueFrom(of(freshOf([order('a')])).pipe(foldInto(table))), every);
    expect(storedOf(table)[0]?.parts.map((part) => part.column)).toEqual([
      'total',
      'least',
      'most',
      'average_sum',
      'average_count',
      'some',
    ]);
    expect([...rows.rows(0)][0]?.parts).toEqual(['0', null, null, '0', '0', '0']);
  });

  test('extremes compare as numbers, not as text', async () => {
    const table = windowTable('t', orders, {
      window: tumbling('10s'),
      key: {},
      measures: { least: min((e) => e.id), most: max((e) => e.id) },
    });
    const rows = tableFold(table);
    const values = ['9', '10', '9.5', '-3', '1e1', '10.000000000000000000001'];
    rows.merge(await lastValueFrom(of(freshOf(values.map((id) => order(id)))).pipe(foldInto(table))), every);
    expect([...rows.rows(0)][0]?.parts).toEqual(['-3', '10.000000000000000000001']);
  });
});
