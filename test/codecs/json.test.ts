import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { message, SENT_AT } from '../support/message.ts';
import { order, orders } from '../support/orders.ts';
import { decoded, outcome } from './decoded.ts';

const tea = order('tea');
const TEA = JSON.stringify(tea);

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
        knownBy: '{"id":"x"}',
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
    ['100,001 records', `[1${',1'.repeat(100_000)}]`, ['too-large']],
    ['100,001 lines', '1\n'.repeat(100_001), ['too-large']],
    ['300,000 blank lines between two events', `${TEA}${'\n'.repeat(300_000)}${TEA}`, ['too-large']],
    ['1 MiB of open objects', '{"a":'.repeat(2 ** 20 / 5), ['not-json']],
  ])('that is %s is one reject', (_, body, reasons) => expect(outcome(body)).toEqual({ ids: [], reasons }));

  test('that cannot be split is a reject with its whole body', () => {
    const given = message('[1', { attributes: { 'content-encoding': 'none' } });
    expect(decoded(orders, given).rejects).toMatchObject([{ ordinal: -1, body: '[1', knownBy: undefined }]);
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
  ])('%s is opened, with its attribute and without, inside an envelope and around one', (kind, body) => {
    expect(outcome(body, orders, { 'content-encoding': kind })).toEqual(both);
    expect(outcome(body)).toEqual(both);
    const notice = { Type: 'Notification', TopicArn: 'arn:aws:sns:us-west-2:1:t', Message: body };
    expect(outcome(JSON.stringify(notice))).toEqual(both);
    const enveloped = JSON.stringify({ ...notice, Message: TEA });
    expect(outcome(gzipSync(enveloped).toString('base64'))).toEqual({ ids: ['tea'], reasons: [] });
    const MessageAttributes = { 'content-encoding': { Type: 'String', Value: kind } };
    expect(outcome(JSON.stringify({ ...notice, MessageAttributes }))).toEqual(both);
  });

  test('decoded bytes weigh on the credit of the source', () => {
    const text = `[${`${TEA},`.repeat(999)}${TEA}]`;
    const given = message(gzipSync(text).toString('base64'));
    decoded(orders, given);
    expect(given.story).toEqual([`weigh ${1_000 * 256 - given.body.length}`]); // short ones weigh more than their text
    const long = message(gzipSync(`[${TEA},${TEA}]`).toString('base64'));
    decoded(orders, long);
    expect(long.story).toEqual([`weigh ${2 * TEA.length + 3 - long.body.length}`]);
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
