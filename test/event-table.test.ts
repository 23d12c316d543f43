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
    expect(() => declare({ id: { bigint: (e) => e.user } })).toThrow(
      'expected an id of type text or uuid, or \'content\'; got "bigint"',
    );
  });

  test('an id may be the content; it is a uuid then', () => {
    expect(declare({ id: 'content' }).id).toEqual({ type: 'uuid', read: 'content' });
    expect(() => declare({ id: 'id' as 'content' })).toThrow(ConfigError);
  });

  test('the id alone decides within a span that the table keeps', () => {
    expect(declare().dedupe).toBeUndefined();
    expect(declare({ dedupe: { by: 'id', within: '36h' } }).dedupe).toEqual({ within: 129_600_000 });
    expect(declare({ dedupe: { by: 'id', within: '90d' } }).dedupe).toEqual({ within: 7_776_000_000 });
    expect(declare({ dedupe: { by: 'id', within: '7d' }, keep: 'forever' }).dedupe?.within).toBe(604_800_000);
  });

  test('a dedupe beyond what is kept is refused in the units that were written', () => {
    expect(() => declare({ dedupe: { by: 'id', within: '36h' }, keep: '1d' })).toThrow(
      "eventTable('visits') dedupe within: expected at most 1d, the table's keep: older events are rejects; got 36h",
    );
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
    [
      'a column of the engine where ids only are kept',
      () => declare({ keep: { ids: '7d' }, columns: { content: (e) => e.id } }),
    ],
    ['a dedupe beyond what is kept', () => declare({ dedupe: { by: 'id', within: '91d' } })],
    ['a dedupe without span', () => declare({ dedupe: { by: 'id' } as { by: 'id'; within: '1d' } })],
    ['a dedupe by something else', () => declare({ dedupe: { by: 'time' as 'id', within: '1d' } })],
    ['a dedupe of ids that change with the time', () => declare({ id: 'content', dedupe: { by: 'id', within: '1d' } })],
    ['a retention of no days', () => declare({ keep: '0d' })],
    ['a retention of half days', () => declare({ keep: '1.5d' })],
    ['a future without unit', () => declare({ maxFuture: '5' as '5s' })],
  ])('refuses %s', (_, wrong) => expect(wrong).toThrow(ConfigError));
});
