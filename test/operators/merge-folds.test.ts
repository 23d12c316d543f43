import { lastValueFrom, merge, of, toArray } from 'rxjs';
import { expect, test } from 'vitest';
import { filterEvents } from '../../src/operators/filter-events.ts';
import { foldInto } from '../../src/operators/fold-into.ts';
import { mergeFolds } from '../../src/operators/merge-folds.ts';
import { tableFold } from '../../src/sinks/table-fold.ts';
import { freshOf, order, pace, trade } from '../support/orders.ts';

const events = ['tea', 'mug', 'tea', 'pot', 'mug', null].map((product, i) =>
  order(`${i}`, { product, at: i * 4_000, cents: i + 1 }),
);
const batch = freshOf(events);
const every = () => true;

test('two branches into one table are one fold, which names each window once and merges to the same rows', async () => {
  const whole = await lastValueFrom(of(batch).pipe(foldInto(trade)));
  const branches = await lastValueFrom(
    merge(
      of(batch).pipe(
        filterEvents((e) => e.cents % 2 === 0),
        foldInto(trade),
      ),
      of(batch).pipe(
        filterEvents((e) => e.cents % 2 === 1),
        foldInto(trade),
      ),
    ).pipe(toArray()),
  );
  const [merged, ...more] = mergeFolds(branches);
  expect(more).toEqual([]);
  if (!merged) throw new Error('nothing merged');
  const names = merged.windows.map((window, i) => `${window} ${merged.keys[0]?.[i]}`);
  expect(new Set(names).size).toBe(names.length);
  expect([...merged.rejects.keys()]).toEqual([5]);

  const rows = [whole, merged].map((fold) => {
    const table = tableFold(trade);
    expect(table.merge(fold, every).began).toHaveLength(names.length);
    return [...table.rows(0)].sort(
      (a, b) => a.window - b.window || (a.key[0] as string).localeCompare(b.key[0] as string),
    );
  });
  expect(rows[1]).toEqual(rows[0]);
});

test('folds of different tables stay apart, and a single one is not copied', async () => {
  const folds = await lastValueFrom(
    merge(of(batch).pipe(foldInto(trade)), of(batch).pipe(foldInto(pace))).pipe(toArray()),
  );
  const merged = mergeFolds(folds);
  expect(merged.map((fold) => fold.table.name)).toEqual(['trade', 'pace']);
  expect(merged[0]).toBe(folds[0]);
});
