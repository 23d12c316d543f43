import * as fc from 'fast-check';
import { lastValueFrom, of } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { MAX_TEXT_BYTES } from '../../src/column.ts';
import { filterEvents } from '../../src/operators/filter-events.ts';
import { foldInto } from '../../src/operators/fold-into.ts';
import { count, type Contribution, countIf, max, sum, tumbling, windowTable } from '../../src/index.ts';
import { freshOf, type Order, order, orders, pace, trade } from '../support/orders.ts';

const window = tumbling('10s');
const fold = (events: readonly Order[], table = trade as typeof trade | typeof pace) =>
  lastValueFrom(of(freshOf(events)).pipe(foldInto(table)));

/** A table with one measure, `n`, of whatever the function gives. */
const summing = (value: (e: Order) => Contribution) =>
  windowTable('summing', orders, { window, key: {}, measures: { n: sum(value) } });
const valueOf = async (value: unknown) => {
  const folded = await lastValueFrom(of(freshOf([order('a')])).pipe(foldInto(summing(() => value as Contribution))));
  return { value: folded.values[0]?.[0], reason: folded.rejects.get(0)?.reason };
};

describe('foldInto', () => {
  test('says of each event its window, its key and what it contributes', async () => {
    const folded = await fold([
      order('a', { at: 1, product: 'tea', cents: 5 }),
      order('b', { at: 9_999, product: 'mug', cents: 6 }),
      order('c', { at: 10_000, product: 'tea', cents: 7 }),
      order('d', { at: 2, product: 'tea', cents: 8 }),
    ]);
    const start = order('').at * 1_000;
    expect(folded.event).toEqual([0, 1, 2, 3]);
    expect(folded.group).toEqual([0, 1, 2, 0]);
    expect(folded.windows).toEqual([start, start, start + 10_000_000]);
    expect(folded.keys).toEqual([['tea', 'mug', 'tea']]);
    // count takes no value; sum, min, max and mean do
    expect(folded.values).toEqual(Array.from({ length: 4 }, () => [5, 6, 7, 8]));
    expect(folded.rejects.size).toBe(0);
  });

  test('without key columns every window is one group', async () => {
    const folded = await fold([order('a'), order('b', { at: 59_999 }), order('c', { at: 60_000 })], pace);
    expect(folded).toMatchObject({ group: [0, 0, 1], keys: [], values: [] });
  });

  test('nothing becomes a fold of nothing', async () => {
    expect(await fold([])).toMatchObject({ table: trade, event: [], group: [], windows: [], keys: [[]] });
  });

  test('spellings of one key are one group, and every key is in the form of the store', async () => {
    const id = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
    const table = windowTable('t', orders, {
      window,
      key: { u: { uuid: (e) => e.id }, n: { bigint: (e) => e.product ?? '' } },
      measures: {},
    });
    const events = [id, id.toUpperCase(), id.replaceAll('-', '')].flatMap((each) => [
      order(each, { product: '7' }),
      order(each, { product: '007' }),
    ]);
    const folded = await lastValueFrom(of(freshOf(events)).pipe(foldInto(table as never)));
    expect(folded).toMatchObject({ group: [0, 0, 0, 0, 0, 0], keys: [[id], ['7']] });
  });

  test('two events are in one group exactly when their window and key are equal', async () => {
    const product = fc.constantFrom('a', 'A', 'b', '', '__proto__', '1');
    const events = fc.array(fc.record({ product, at: fc.integer({ min: 0, max: 40_000 }) }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(events, async (given) => {
        const { group, windows, keys } = await fold(given.map((each, i) => order(`${i}`, each)));
        const names = group.map((index) => [windows[index], keys[0]?.[index]]);
        expect(names).toEqual(
          given.map(({ at, product: key }) => [window.of(order('', { at }).at * 1_000, undefined).start, key]),
        );
        expect(new Set(names.map((name) => JSON.stringify(name))).size).toBe(windows.length);
      }),
    );
  });

  test.each([
    [5, 5],
    [-0, 0],
    [0.1, 0.1],
    [7n, '7'],
    ['19.99', '19.99'],
    [null, null],
    [undefined, null],
  ])('a contribution of %s counts as it is', async (given, value) => {
    expect(await valueOf(given)).toEqual({ value, reason: undefined });
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, 'much', true, {}, []])(
    'a contribution of %s makes its event a reject that contributes nothing',
    async (given) => expect(await valueOf(given)).toEqual({ value: undefined, reason: 'unfoldable' }),
  );

  test.each([
    ['null', null, /product.*expected a text; got null/],
    ['text with a NUL', 'a\0b', /expected a text/],
    ['text with a lone surrogate', '\ud83d', /expected a text/],
    ['text that is too long for an index', 'é'.repeat(501), /at most 1000 bytes; got 1002/],
  ])('a key of %s makes its event a reject; the siblings go on', async (_, product, detail) => {
    const folded = await fold([order('a'), order('bad', { product }), order('c')]);
    expect(folded.event).toEqual([0, 2]);
    expect(folded.values.map((column) => column.length)).toEqual([2, 2, 2, 2]);
    expect([...folded.rejects.keys()]).toEqual([1]);
    expect(folded.rejects.get(1)).toMatchObject({
      reason: 'unfoldable',
      detail: expect.stringMatching(detail),
      stage: 'foldInto(trade)',
      position: 1,
      knownBy: expect.stringContaining('bad'),
    });
  });

  test('a key of as many bytes as an index holds is a key', async () => {
    const product = 'é'.repeat(MAX_TEXT_BYTES / 2);
    expect((await fold([order('a', { product })])).keys).toEqual([[product]]);
  });

  test.each([
    ['key', { key: { k: (e: Order) => thrown(e) }, measures: {} }],
    ['measure', { key: {}, measures: { n: max((e: Order) => thrown(e)) } }],
    ['condition', { key: {}, measures: { n: countIf((e: Order) => thrown(e) === '') } }],
  ])('a %s that throws makes its event a reject; the siblings go on', async (_, options) => {
    const table = windowTable('t', orders, { window, ...options });
    const folded = await lastValueFrom(of(freshOf([order('bad'), order('a')])).pipe(foldInto(table)));
    expect(folded.event).toEqual([1]);
    expect(folded.rejects.get(0)).toMatchObject({ reason: 'callback', detail: 'no bad', stage: 'foldInto(t)' });
    for (const column of [...folded.values, ...folded.keys]) expect(column).toHaveLength(1);
  });

  test('an event that an operator before it refused is a reject here', async () => {
    const table = windowTable('t', orders, { window, key: {}, measures: { n: count() } });
    const condition = (e: Order): boolean => thrown(e) === '1';
    const folded = await lastValueFrom(
      of(freshOf([order('a'), order('bad')])).pipe(filterEvents(condition), foldInto(table)),
    );
    expect(folded.event).toEqual([0]);
    expect(folded.rejects.get(1)).toMatchObject({ reason: 'callback', stage: 'filterEvents' });
  });
});

function thrown(e: Order): string {
  if (e.id === 'bad') throw new Error('no bad');
  return '1';
}
