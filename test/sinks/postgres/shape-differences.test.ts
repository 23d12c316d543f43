import { expect, test } from 'vitest';
import { shapeDifferences } from '../../../src/sinks/postgres/shape-differences.ts';

const sales = {
  kind: 'windows',
  of: 'orders',
  window: ['tumbling', 60_000_000],
  key: [
    ['country', 'text'],
    ['product', 'text'],
  ],
  measures: [['n', 'count']],
};
const events = { kind: 'events', id: 'text', whole: true, columns: [] };

test('what differs between two declarations is told part by part: types, what is missing, and another order', () => {
  const [country, product] = sales.key;
  expect(shapeDifferences(sales, sales)).toEqual([]);
  expect(
    shapeDifferences(sales, { ...sales, key: [['country', 'uuid'], product], measures: [['n', 'countIf']] }),
  ).toEqual([
    "key 'country': text in the database, uuid declared",
    "measure 'n': count in the database, countIf declared",
  ]);
  expect(shapeDifferences(sales, { ...sales, key: [product, ['city', 'text']] })).toEqual([
    "key 'country': text in the database, none declared",
    "key 'city': none in the database, text declared",
  ]);
  expect(shapeDifferences(sales, { ...sales, key: [product, country] })).toEqual([
    "order of keys: 'country', 'product' in the database, 'product', 'country' declared",
  ]);
  expect(shapeDifferences(sales, { ...sales, window: ['tumbling', 100_000] })).toEqual([
    'window: tumbling 1m in the database, tumbling 100ms declared',
  ]);
  const hopping = {
    ...sales,
    window: ['hopping', 3_600_000_000, 300_000_000],
    measures: [['n', 'ratio', 'count', 'sum']],
  };
  expect(shapeDifferences({ ...sales, window: ['calendar', 'day', 'Europe/Berlin'] }, hopping)).toEqual([
    'window: calendar day, Europe/Berlin in the database, hopping 1h, 5m declared',
    "measure 'n': count in the database, ratio (count, sum) declared",
  ]);
});

test('ids, columns, the kind of a table and what a branch delivers are told alike', () => {
  expect(
    shapeDifferences(events, { ...events, id: 'uuid', whole: false, columns: [['product', 'text']], dedupe: 'id' }),
  ).toEqual([
    'id: text in the database, uuid declared',
    'whole events: yes in the database, no declared',
    "column 'product': none in the database, text declared",
    'dedupe: none in the database, id declared',
  ]);
  expect(shapeDifferences(events, sales)).toEqual(['kind: events in the database, windows declared']);
  const branch = { kind: 'finals', of: 'sales', windows: sales };
  expect(shapeDifferences(branch, { ...branch, windows: { ...sales, key: sales.key.slice(1) } })).toEqual([
    "key 'country': text in the database, none declared",
  ]);
});
