import { lastValueFrom, of } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { filterEvents } from '../../src/operators/filter-events.ts';
import { batchOf, order } from '../support/orders.ts';

const batch = { ...batchOf(['a', 'b', 'c', 'd'].map((id, i) => order(id, { cents: i }))), filtered: 5 };

describe('filterEvents', () => {
  test('keeps what meets the condition, counts the rest, and keeps custody of all', async () => {
    const kept = await lastValueFrom(of(batch).pipe(filterEvents((e) => e.cents >= 3)));
    expect(kept.entries).toEqual([batch.entries[3]]);
    expect(kept.filtered).toBe(5 + 3);
    expect(kept.messages).toBe(batch.messages);
    expect(kept.rejects).toEqual([]);
  });

  test('an event its condition throws for is a reject, not filtered; the siblings go on', async () => {
    const condition = (e: { id: string; cents: number }): boolean => {
      if (e.id === 'b') throw new Error('no b');
      return e.cents >= 2;
    };
    const kept = await lastValueFrom(of(batch).pipe(filterEvents(condition)));
    expect(kept.entries.map((entry) => entry.id)).toEqual(['c', 'd']);
    expect(kept.rejects).toMatchObject([{ reason: 'callback', detail: 'no b', stage: 'filterEvents' }]);
    expect(kept.filtered).toBe(5 + 1);
    expect(kept.entries.length + kept.rejects.length + kept.filtered).toBe(batch.entries.length + 5);
  });
});
