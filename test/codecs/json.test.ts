import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Entry } from '../../src/batch.ts';
import { type JsonOptions, json } from '../../src/codecs/json.ts';
import { ConfigError } from '../../src/errors.ts';
import { type AnyEvent, type EventTable, eventTable } from '../../src/event-table.ts';
import type { Reject } from '../../src/reject.ts';
import { message, SENT_AT } from '../support/message.ts';
import { order, orders } from '../support/orders.ts';

function decoded<T>(table: EventTable<T>, given: ReturnType<typeof message>, options?: JsonOptions) {
  const entries: Entry<T>[] = [];
  const rejects: Reject[] = [];
  json(table, options).decode(given, entries, rejects);
  return { entries, rejects };
}

/** The ids of the events of a body, and the reasons of its rejects. */
function outcome(body: string, table: EventTable<AnyEvent> = orders, attributes = {}) {
  const { entries, rejects } = decoded(table, message(body, { attributes }));
  return { ids: entries.map((entry) => entry.id), reasons: rejects.map((reject) => reject.reason) };
}

const tea = order('tea');
const TEA = JSON.stringify(tea);
const at = { at: SENT_AT, product: null, cents: 1 };

describe('a message', () => {
  test('of many events gives each its id, time, own JSON and place; bad ones are rejects at theirs', () => {
    const given = message(`[${TEA}, {"id":"x"}, ${JSON.stringify(order('mug', { at: 5 }))}]`);
    const { entries, rejects } = decoded(orders, given);
    expect(entries.map(({ id, time, ordinal }) => [id, time, ordinal])).toEqual([
      ['tea', SENT_AT * 1_000, 0],
      ['mug', (SENT_AT + 5) * 1_000, 2],
    ]);
    expect(entries[0]).toMatchObject({ value: tea, json: TEA, message: given, position: -1 });
    expect(rejects).toMatchObject([
      {
        reason: 'schema',
        stage: 'decode',
        ordinal: 1,
        position: -1,
        body: '{"id":"x"}',
        identified: true,
        message: given,
      },
    ]);
  });

  test.each([
    ['not JSON', 'nope', ['not-json']],
    ['empty', '', ['empty']],
    ['an empty array', '[]', ['empty']],
    ['a cut-off array', `[${TEA},{"id"`, ['not-json']],
    ['a JSON value that is no object', '7', ['schema']],
    ['a wrong schema', '{"id":"a","at":"soon"}', ['schema']],
    ['1e999 where a finite number is expected', JSON.stringify(tea).replace('100', '1e999'), ['schema']],
    ['a poisonous key', `{"__proto__":1,${TEA.slice(1)}`, ['forbidden-key']],
    ['an escaped NUL', TEA.replace('"tea"', String.raw`"\u0000"`), ['unstorable-text']],
    ['an escaped lone surrogate', TEA.replace('"tea"', String.raw`"\ud800"`), ['unstorable-text']],
    ['100,000 open brackets', '['.repeat(100_000), ['not-json']],
    ['100,000 nested brackets', '['.repeat(100_000) + ']'.repeat(100_000), ['schema']],
    ['1 MiB of nothing', 'x'.repeat(2 ** 20), ['not-json']],
    ['1 MiB of open objects', '{"a":'.repeat(2 ** 20 / 5), ['not-json']],
  ])('that is %s is one reject', (_, body, reasons) => expect(outcome(body)).toEqual({ ids: [], reasons }));

  test('that cannot be split is a reject with its whole body', () => {
    const given = message('[1', { attributes: { 'content-encoding': 'none' } });
    expect(decoded(orders, given).rejects).toMatchObject([{ ordinal: -1, body: '[1', identified: false }]);
  });

  test.each([
    ['an array', `[${TEA},nope,${TEA}]`, ['not-json']],
    ['lines', `${TEA}\nnope\n${TEA}`, ['not-json']],
    ['an array with a trailing comma', `[${TEA},${TEA},]`, ['not-json']],
    ['an array with a poisonous key', `[${TEA},{"a":{"__proto__":1}},${TEA}]`, ['forbidden-key']],
    ['lines with unstorable text', `${TEA}\n{"a":"\\u0000"}\n${TEA}`, ['unstorable-text']],
  ])('that is %s loses the bad one only', (_, body, reasons) => {
    expect(outcome(body)).toEqual({ ids: ['tea', 'tea'], reasons });
  });

  test('printed over several lines is one event', () => {
    expect(outcome(JSON.stringify(tea, null, 2))).toEqual({ ids: ['tea'], reasons: [] });
  });

  test('of 1 MiB is an event like any other, and so are its thousands', () => {
    const one = JSON.stringify(order('big', { product: 'x'.repeat(2 ** 20 - 100) }));
    expect(outcome(one)).toEqual({ ids: ['big'], reasons: [] });
    const many = Math.floor(2 ** 20 / (TEA.length + 1)) - 1;
    const { ids } = outcome(`[${`${TEA},`.repeat(many - 1)}${TEA}]`);
    expect(ids).toHaveLength(many);
  });

  test('with text that only looks like an escaped NUL is an event', () => {
    const { entries } = decoded(orders, message(TEA.replace('"product":"tea"', String.raw`"product":"\\u0000"`)));
    expect(entries).toMatchObject([{ value: { product: String.raw`\u0000` } }]);
  });
});

describe('compression', () => {
  const lines = `${TEA}\n${TEA}`;
  const both = { ids: ['tea', 'tea'], reasons: [] };

  test.each([
    ['gzip', gzipSync(lines).toString('base64')],
    ['zstd', zstdCompressSync(lines).toString('base64')],
  ])('%s is opened, with its attribute and without, and inside an envelope', (kind, body) => {
    expect(outcome(body, orders, { 'content-encoding': kind })).toEqual(both);
    expect(outcome(body)).toEqual(both);
    const notice = { Type: 'Notification', TopicArn: 'arn:aws:sns:us-west-2:1:t', Message: body };
    expect(outcome(JSON.stringify(notice))).toEqual(both);
    const MessageAttributes = { 'content-encoding': { Type: 'String', Value: kind } };
    expect(outcome(JSON.stringify({ ...notice, MessageAttributes }))).toEqual(both);
  });

  test('decoded bytes weigh on the credit of the source', () => {
    const text = `[${`${TEA},`.repeat(999)}${TEA}]`;
    const given = message(gzipSync(text).toString('base64'));
    decoded(orders, given);
    expect(given.story).toEqual([`weigh ${text.length - given.body.length}`]);
  });

  test.each([
    ['unknown-compression', TEA, { 'content-encoding': 'brotli' }],
    ['not-decompressible', 'H4sIAAAA', {}],
    ['not-utf8', gzipSync(Buffer.from([0xff, 0xfe])).toString('base64'), {}],
    ['too-large', gzipSync(Buffer.alloc(16 * 2 ** 20)).toString('base64'), {}],
    ['too-large', zstdCompressSync(Buffer.alloc(16 * 2 ** 20)).toString('base64'), {}],
  ])('%s is a reject with the body as it came', (reason, body, attributes) => {
    const { entries, rejects } = decoded(orders, message(body, { attributes }));
    expect(entries).toEqual([]);
    expect(rejects).toMatchObject([{ reason, ordinal: -1, body }]);
  });

  test('a bomb inside an envelope is refused too', () => {
    const Message = gzipSync(Buffer.alloc(16 * 2 ** 20)).toString('base64');
    expect(outcome(JSON.stringify({ Type: 'Notification', TopicArn: 'arn', Message })).reasons).toEqual(['too-large']);
  });

  test('the limit can be set', () => {
    const body = gzipSync(lines).toString('base64');
    expect(decoded(orders, message(body), { maxBytes: 10 }).rejects).toMatchObject([{ reason: 'too-large' }]);
  });
});

describe('envelopes', () => {
  const text = TEA.replace('100', '9007199254740993.10');
  const bridge = `{"detail-type":"Order","source":"shop","detail":${text}}`;

  test('are opened; the event keeps every digit', () => {
    const notice = JSON.stringify({ Type: 'Notification', TopicArn: 'arn', Message: text });
    for (const body of [bridge, notice]) expect(decoded(orders, message(body)).entries).toMatchObject([{ json: text }]);
  });

  test('are events of their own where the options say so', () => {
    expect(decoded(orders, message(bridge), { envelope: 'none' }).rejects).toMatchObject([
      { reason: 'schema', body: bridge },
    ]);
  });
});

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
    expect(rejects).toMatchObject([{ reason: 'schema', detail: expect.stringMatching(/^at: ./), identified: true }]);
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
