import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Batch, Entry } from '../../src/batch.ts';
import { eventTable } from '../../src/event-table.ts';
import { restore } from '../../src/operators/restore.ts';
import { batchOf, order, orders } from '../support/orders.ts';

const arrived = batchOf([order('a'), order('b'), order('c')]);

/** The batch after an operator changed its second event. */
const changed = (value: unknown): Batch<never> => {
  const entries = arrived.entries.map((entry, i) => (i === 1 ? { ...entry, value, json: undefined } : entry));
  return { ...arrived, entries: entries as Entry<never>[] };
};
const restored = (value: unknown) => restore(orders as never, changed(value));

describe('restore', () => {
  test('events as they arrived are left alone', () => {
    expect(restore(orders, arrived)).toBe(arrived);
  });

  test('a changed event is what a reader of its JSON would find', () => {
    const { entries, rejects } = restored({ ...order('b', { cents: 7 }), extra: new Date(0) });
    expect(rejects).toEqual([]);
    // the schema knows no `extra`, the JSON keeps it
    expect(entries[1]).toMatchObject({
      value: order('b', { cents: 7 }),
      json: JSON.stringify({ ...order('b', { cents: 7 }), extra: '1970-01-01T00:00:00.000Z' }),
    });
    expect([entries[0], entries[2]]).toEqual([arrived.entries[0], arrived.entries[2]]);
  });

  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  const deep = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`) as unknown;
  test.each([
    ['does not meet the schema', { ...order('b'), cents: '7' }, 'schema', /^cents: /],
    ['is a number that JSON has not', { ...order('b'), cents: Number.NaN }, 'schema', /^cents: /],
    ['is nothing', undefined, 'schema', /./],
    ['is a cycle', cycle, 'schema', /no JSON/],
    ['holds a bigint', { ...order('b'), cents: 7n }, 'schema', /no JSON/],
    ['is nested too deep to print', deep, 'schema', /./],
    ['has text with a NUL', order('b', { product: 'a\0' }), 'unstorable-text', /NUL/],
    ['has text with a lone surrogate', order('b', { product: '\ud83d' }), 'unstorable-text', /surrogate/],
    ['has a poisonous key', JSON.parse('{"__proto__":1}'), 'forbidden-key', /__proto__/],
  ])('an event that %s is a reject; the siblings go on', (_, value, reason, detail) => {
    const { entries, rejects, messages } = restored(value);
    expect(entries.map((entry) => entry.id)).toEqual(['a', 'c']);
    expect(rejects).toMatchObject([
      { reason, detail: expect.stringMatching(detail), stage: 'transaction', message: arrived.messages[1] },
    ]);
    expect(messages).toBe(arrived.messages);
  });

  test('a table of ids only stores no events, so none is read back', () => {
    const ids = eventTable('ids', { schema: z.string(), id: (e) => e, time: () => 0, keep: { ids: '1d' } });
    const batch = changed(7);
    expect(restore(ids as never, batch).entries).toEqual(batch.entries);
  });

  test.each(['1d', { ids: '1d' }] as const)(
    'children of events whose id is a uuid have no id that fits (keep: %j)',
    (keep) => {
      const uuids = eventTable('uuids', {
        schema: z.looseObject({ id: z.string(), at: z.number() }),
        id: { uuid: (e) => e.id },
        time: (e) => e.at,
        keep,
      });
      const parent = order('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');
      const child = { ...parent, id: `${parent.id}#0` };
      const batch = batchOf([parent, child]);
      const { entries, rejects } = restore(uuids as never, {
        ...batch,
        entries: batch.entries.map((entry) => ({ ...entry, json: undefined })) as Entry<never>[],
      });
      expect(entries.map((entry) => entry.id)).toEqual([parent.id]);
      expect(rejects).toMatchObject([
        { reason: 'no-id', detail: expect.stringContaining("declare the table's id as text") },
      ]);
    },
  );
});
