import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ConfigError } from '../src/errors.ts';
import { type EventTableOptions, eventTable } from '../src/event-table.ts';

const schema = z.object({ id: z.string(), at: z.number(), user: z.number() });
const declare = (given: Partial<EventTableOptions<typeof schema>> = {}, name = 'visits') =>
  eventTable(name, { schema, id: (e) => e.id, time: (e) => e.at, keep: '90d', ...given });

describe('eventTable', () => {
  test('keeps whole events and refuses those a day ahead, unless told otherwise', () => {
    expect(declare()).toMatchObject({
      kind: 'events',
      name: 'visits',
      keepDays: 90,
      whole: true,
      maxFuture: 86_400_000,
    });
    expect(declare({ maxFuture: '1h' }).maxFuture).toBe(3_600_000);
  });

  test('can keep ids only, and can keep for ever', () => {
    expect(declare({ keep: { ids: '7d' } })).toMatchObject({ keepDays: 7, whole: false });
    expect(declare({ keep: 'forever' })).toMatchObject({ keepDays: undefined, whole: true });
  });

  test('an id is text or a uuid', () => {
    expect(declare().id.type).toBe('text');
    expect(declare({ id: { uuid: (e) => e.id } }).id.type).toBe('uuid');
    expect(() => declare({ id: { bigint: (e) => e.user } })).toThrow('expected an id of type text or uuid; got bigint');
  });

  test('columns carry their types', () => {
    const { columns } = declare({ columns: { visitor: { bigint: (e) => e.user } } });
    expect(columns['visitor']?.type).toBe('bigint');
    expect(columns['visitor']?.read({ id: 'a', at: 0, user: 7 })).toBe(7);
  });

  test.each([
    ['a name that is no SQL identifier', () => declare({}, 'Visits')],
    ['a name too long for its partitions', () => declare({}, 'v'.repeat(51))],
    ['a column that is no SQL identifier', () => declare({ columns: { userId: (e) => e.id } })],
    ['a column of the engine', () => declare({ columns: { event_time: (e) => e.id } })],
    ['a retention of no days', () => declare({ keep: '0d' })],
    ['a retention of half days', () => declare({ keep: '1.5d' })],
    ['a future without unit', () => declare({ maxFuture: '5' as '5s' })],
  ])('refuses %s', (_, wrong) => expect(wrong).toThrow(ConfigError));
});
