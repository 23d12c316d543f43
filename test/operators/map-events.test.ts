import { lastValueFrom, of } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { mapEvents } from '../../src/operators/map-events.ts';
import type { RecordedMessage } from '../support/message.ts';
import { batchOf, order } from '../support/orders.ts';

const batch = batchOf([order('a', { cents: 1 }), order('b', { cents: 2 }), order('c', { cents: 3 })]);

describe('mapEvents', () => {
  test('changes values; ids, times and custody stay, and the JSON as it arrived is gone', async () => {
    const mapped = await lastValueFrom(of(batch).pipe(mapEvents((e) => e.cents * 10)));
    expect(mapped.entries).toEqual(
      batch.entries.map((entry) => ({ ...entry, value: entry.value.cents * 10, json: undefined })),
    );
    expect(mapped.messages).toBe(batch.messages);
    expect(mapped.rejects).toEqual([]);
    expect((batch.messages[0] as RecordedMessage).story).toEqual(['at mapEvents']);
  });

  test('makes a reject of the one event its callback throws for; the siblings go on', async () => {
    const mapped = await lastValueFrom(
      of(batch).pipe(
        mapEvents((e) => {
          if (e.id === 'b') throw new Error('no b');
          return e;
        }),
      ),
    );
    expect(mapped.entries.map((entry) => entry.id)).toEqual(['a', 'c']);
    expect(mapped.rejects).toMatchObject([
      {
        reason: 'callback',
        detail: 'no b',
        stage: 'mapEvents',
        body: batch.entries[1]?.json,
        message: batch.messages[1],
        knownBy: expect.stringContaining('b'),
      },
    ]);
    expect(mapped.messages).toBe(batch.messages);
  });
});
