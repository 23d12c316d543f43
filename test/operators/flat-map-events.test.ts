import { lastValueFrom, of } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { flatMapEvents } from '../../src/operators/flat-map-events.ts';
import { batchOf, order } from '../support/orders.ts';

const batch = batchOf([order('a', { cents: 2 }), order('b', { cents: 0 }), order('c', { cents: 1 })]);

describe('flatMapEvents', () => {
  test('children get ids derived from their parent, its time and its message', async () => {
    const lines = await lastValueFrom(
      of(batch).pipe(flatMapEvents((e) => Array.from({ length: e.cents }, (_, i) => `${e.id} line ${i}`))),
    );
    expect(lines.entries.map(({ id, value }) => [id, value])).toEqual([
      ['a#0', 'a line 0'],
      ['a#1', 'a line 1'],
      ['c#0', 'c line 0'],
    ]);
    const [a, , c] = batch.entries;
    expect(lines.entries.map(({ time, message, ordinal, json }) => [time, message, ordinal, json])).toEqual(
      [a, a, c].map((parent) => [parent?.time, parent?.message, parent?.ordinal, undefined]),
    );
    expect(lines.messages).toBe(batch.messages);
  });

  test('an event without children counts as filtered', async () => {
    const lines = await lastValueFrom(of({ ...batch, filtered: 4 }).pipe(flatMapEvents((e) => (e.cents ? [e] : []))));
    expect(lines.filtered).toBe(5);
    expect(lines.entries).toHaveLength(2);
  });

  test('an event its callback throws for is one reject and has no children, even those it gave before; the siblings go on', async () => {
    const lines = await lastValueFrom(
      of(batch).pipe(
        flatMapEvents(function* (e) {
          yield e.id;
          if (e.id === 'a') throw new Error('no more');
        }),
      ),
    );
    expect(lines.entries.map((entry) => entry.id)).toEqual(['b#0', 'c#0']);
    expect(lines.rejects).toMatchObject([{ reason: 'callback', detail: 'no more', stage: 'flatMapEvents' }]);
    expect(lines.filtered).toBe(0);
  });

  test('ids of the same event are the same at every delivery', async () => {
    const ids = async () =>
      (await lastValueFrom(of(batch).pipe(flatMapEvents((e) => [e, e])))).entries.map((entry) => entry.id);
    expect(await ids()).toEqual(await ids());
  });
});
