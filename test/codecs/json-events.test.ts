import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ConfigError } from '../../src/errors.ts';
import { type EventTable, eventTable } from '../../src/event-table.ts';
import { message, SENT_AT } from '../support/message.ts';
import { order } from '../support/orders.ts';
import { decoded, outcome } from './decoded.ts';

const TEA = JSON.stringify(order('tea'));
const at = { at: SENT_AT, product: null, cents: 1 };

describe('ids', () => {
  const loose = z.looseObject({});
  const table = eventTable('t', { schema: loose, id: (e) => e['id'] as string, time: () => SENT_AT, keep: '1d' });
  const uuids = eventTable('t', {
    schema: loose,
    id: { uuid: (e) => e['id'] as string },
    time: () => SENT_AT,
    keep: '1d',
  });

  test.each(['{}', '{"id":null}', '{"id":""}', '{"id":7}', `{"id":"${'é'.repeat(501)}"}`])('%s has none', (body) => {
    expect(outcome(body, table)).toEqual({ ids: [], reasons: ['no-id'] });
  });

  test('of text differ by case and may be 1,000 bytes long', () => {
    const long = 'é'.repeat(500);
    expect(outcome(`[{"id":"a"},{"id":"A"},{"id":"${long}"}]`, table).ids).toEqual(['a', 'A', long]);
  });

  test('of type uuid are equal in all spellings; anything else is no id', () => {
    const id = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
    const ids = [id, id.toUpperCase(), id.replaceAll('-', ''), 'x'];
    expect(outcome(JSON.stringify(ids.map((each) => ({ id: each }))), uuids)).toEqual({
      ids: [id, id, id],
      reasons: ['no-id'],
    });
  });

  test('of the content are made of what arrived, before the schema saw it; what failed is known by it too', () => {
    const strict = z.object({ at: z.number() }).transform(({ at }) => ({ at, stamp: 'changed' }));
    const content = eventTable('t', { schema: strict, id: 'content', time: (e) => e.at, keep: '1d' });
    const bodies = [`{"at":${SENT_AT}}`, `{ "at": ${SENT_AT}.0 }`, `{"at":${SENT_AT},"more":1}`];
    const [a, same, more] = outcome(`[${bodies.join()}]`, content).ids;
    expect(a).toMatch(/^[0-9a-f-]{14}8/);
    expect(same).toBe(a);
    expect(more).not.toBe(a);
    const { rejects } = decoded(content, message('[{"at":"no"},7]'));
    expect(rejects.map(({ knownBy }) => knownBy)).toEqual(['{"at":"no"}', undefined]);
  });

  test('of the content are not to be had of what is nested beyond reason, which costs nothing but itself', () => {
    const content = eventTable('t', { schema: loose, id: 'content', time: () => SENT_AT, keep: '1d' });
    const deep = `{"deep":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    const { ids, reasons } = outcome(`[{"a":1},${deep}]`, content);
    expect([ids.length, reasons]).toEqual([1, ['callback']]);
  });

  test('that an accessor throws for make a reject, and its siblings go on', () => {
    const throwing = eventTable('t', {
      schema: loose,
      id: (e) => (e['a'] as { b: string }).b.trim(),
      time: () => SENT_AT,
      keep: '1d',
    });
    expect(outcome('[{"a":{"b":"1"}},{},{"a":{"b":"2"}}]', throwing)).toEqual({
      ids: ['1', '2'],
      reasons: ['callback'],
    });
  });
});

describe('times', () => {
  const table = eventTable('t', {
    schema: z.looseObject({ id: z.string() }),
    id: (e) => e.id,
    time: (e) => e['at'] as string,
    keep: '1d',
    maxFuture: '1h',
  });
  const reasonFor = (value: unknown) => outcome(JSON.stringify({ id: 'a', at: value }), table).reasons;

  test.each([undefined, null, '', 'soon', '2025-12-31T00:00:00', '2025-02-30T00:00:00Z', {}, true])(
    '%j is none',
    (value) => {
      expect(reasonFor(value)).toEqual(['no-time']);
    },
  );

  test('beyond the tolerance after the send are rejects; up to it they are accepted', () => {
    const limit = SENT_AT + 3_600_000;
    expect(reasonFor(new Date(limit).toISOString())).toEqual([]);
    expect(reasonFor(new Date(limit + 1).toISOString())).toEqual(['in-future']);
    expect(reasonFor('2249-12-31T00:00:00Z')).toEqual(['in-future']);
  });

  test('that differ below a microsecond are one time', () => {
    const texts = ['2025-12-31T00:00:00.123456Z', '2025-12-31T00:00:00.1234564Z', '2025-12-31 01:00:00.123456+01:00'];
    const { entries } = decoded(table, message(JSON.stringify(texts.map((each) => ({ id: 'a', at: each })))));
    expect(new Set(entries.map((entry) => entry.time)).size).toBe(1);
    expect(entries).toHaveLength(3);
  });
});

describe('schemas', () => {
  const options = { id: (e: { id: string }) => e.id, time: (e: { at: number }) => e.at, keep: '1d' } as const;

  test.each<[string, EventTable<{ id: string; at: number }>]>([
    ['zod', eventTable('t', { schema: z.object({ id: z.string(), at: z.number() }), ...options })],
    ['valibot', eventTable('t', { schema: v.object({ id: v.string(), at: v.number() }), ...options })],
    ['arktype', eventTable('t', { schema: type({ id: 'string', at: 'number' }), ...options })],
  ])('of %s tell events from rejects and say where the fault is', (_, table) => {
    const { entries, rejects } = decoded(
      table,
      message(
        JSON.stringify([
          { id: 'a', ...at },
          { id: 'b', at: 'soon' },
        ]),
      ),
    );
    expect(entries).toMatchObject([{ id: 'a', time: SENT_AT * 1_000, value: { id: 'a', at: SENT_AT } }]);
    expect(rejects).toMatchObject([
      { reason: 'schema', detail: expect.stringMatching(/^at: ./), knownBy: '{"id":"b","at":"soon"}' },
    ]);
  });

  test('of which ten fields fail name five', () => {
    const many = z.object(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`f${i}`, z.string()])));
    const table = eventTable('t', { schema: many, id: () => 'a', time: () => SENT_AT, keep: '1d' });
    const [reject] = decoded(table, message('{}')).rejects;
    expect(reject?.detail).toMatch(/^f0: .*; f4: [^;]*; and 5 more$/);
  });

  test('that are loose let 1e999 through as it is written', () => {
    const table = eventTable('t', {
      schema: z.looseObject({ id: z.string() }),
      id: (e) => e.id,
      time: () => SENT_AT,
      keep: '1d',
    });
    const body = '{"id":"a","n":1e999}';
    expect(decoded(table, message(body)).entries).toMatchObject([
      { json: body, value: { n: Number.POSITIVE_INFINITY } },
    ]);
  });

  test('that throw make a reject, and its siblings go on', () => {
    const schema = z.object({ id: z.string().transform((id) => id.repeat(id === 'bad' ? -1 : 1)), at: z.number() });
    const table = eventTable('t', { schema, ...options });
    const body = JSON.stringify(['a', 'bad', 'b'].map((id) => ({ id, ...at })));
    expect(outcome(body, table)).toEqual({ ids: ['a', 'b'], reasons: ['schema'] });
  });

  test('that are recursive survive 100,000 levels: a reject, and its siblings go on', () => {
    const schema = z.object({ id: z.string(), at: z.number(), tree: z.json().optional() });
    const deep = `{"id":"deep","at":${SENT_AT},"tree":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    expect(outcome(`[${TEA},${deep}]`, eventTable('t', { schema, ...options }))).toEqual({
      ids: ['tea'],
      reasons: ['schema'],
    });
  });

  test.each<[string, EventTable<{ id: string; at: number }>]>([
    [
      'zod',
      eventTable('t', { schema: z.object({ id: z.string().refine(async () => true), at: z.number() }), ...options }),
    ],
    ['valibot', eventTable('t', { schema: v.objectAsync({ id: v.string(), at: v.number() }), ...options })],
  ])('of %s that are asynchronous are a mistake of the declaration', (_, table) => {
    expect(() => decoded(table, message(TEA))).toThrow(ConfigError);
    expect(() => decoded(table, message(TEA))).toThrow('expected a synchronous schema');
  });
});
