import { randomBytes } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { json } from '../../src/codecs/json.ts';
import storefront from '../../src/pipelines/storefront.ts';
import { metricsClient } from '../../src/server/index.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import { message } from '../support/message.ts';
import { recordSpans } from '../support/spans.ts';
import { messagesOf } from '../producer/received.ts';
import { answerOf, intake, nameless, view } from './intake.ts';

const lines = (events: readonly unknown[]): string => events.map((each) => JSON.stringify(each)).join('\n');
const NDJSON = { 'content-type': 'application/x-ndjson' };
const eventsOf = (bodies: readonly string[]): unknown[] => bodies.flatMap((body) => JSON.parse(body) as unknown[]);

describe('what is taken', () => {
  test.each([
    ['an object', (events: readonly unknown[]) => [JSON.stringify(events[0])], 1, {}],
    ['an array', (events: readonly unknown[]) => [JSON.stringify(events)], 3, {}],
    ['an array over several lines', (events: readonly unknown[]) => [JSON.stringify(events, null, 2)], 3, {}],
    ['lines', (events: readonly unknown[]) => [lines(events)], 3, NDJSON],
    [
      'lines with blank ones',
      (events: readonly unknown[]) => [`\r\n${lines(events).replaceAll('\n', '\r\n\r\n')}\n`],
      3,
      { 'content-type': 'application/jsonl; charset=utf-8' },
    ],
    ['gzip', (events: readonly unknown[]) => [gzipSync(JSON.stringify(events))], 3, { 'content-encoding': 'gzip' }],
    [
      'zstd',
      (events: readonly unknown[]) => [zstdCompressSync(lines(events))],
      3,
      { ...NDJSON, 'content-encoding': 'zstd' },
    ],
  ] as const)('%s', async (_, bodyOf, count, headers) => {
    const { post, bodies } = await intake();
    const events = [view({ user: 'Zoë 😀' }), view(), view()];
    const [body = ''] = bodyOf(events);
    const response = await post(body, headers);
    expect([response.status, await answerOf(response)]).toEqual([
      202,
      { accepted: count, rejected: 0, problems: [], given: [] },
    ]);
    expect(eventsOf(await bodies())).toEqual(events.slice(0, count));
  });

  test('events travel letter by letter: spaces, the order of keys and all digits of numbers', async () => {
    const { post, bodies } = await intake();
    const text = JSON.stringify(view()).replace('{', '{ "n" : 9007199254740993.10 , ');
    expect((await post(text)).status).toBe(202);
    expect(await bodies()).toEqual([`[${text}]`]);
  });

  test('an event that looks like an envelope of SNS is what the pipeline decodes, not what it holds', async () => {
    const { post, bodies } = await intake();
    const event = view({ Type: 'Notification', TopicArn: 'arn', Message: JSON.stringify(view({ product: 'other' })) });
    expect((await post(JSON.stringify(event))).status).toBe(202);
    const [body = ''] = await bodies();
    const entries: { value: unknown }[] = [];
    json(storefront.events).decode({ ...message(body), sentAt: Date.now() }, entries as never, []);
    expect(entries).toMatchObject([{ value: { product: 'tea' } }]);
  });

  test('events of many requests share messages, and each request is answered for its own', async () => {
    const { post, bodies, proxy } = await intake({ lingerMs: 100 });
    const answers = await Promise.all(
      Array.from({ length: 50 }, async () => answerOf(await post(JSON.stringify([view(), view()])))),
    );
    expect(answers).toEqual(Array.from({ length: 50 }, () => ({ accepted: 2, rejected: 0, problems: [], given: [] })));
    expect(proxy.of('SendMessageBatch').length).toBeLessThan(10);
    expect(new Set(eventsOf(await bodies()).map((event) => (event as { id: string }).id)).size).toBe(100);
  });

  test('the typed client sends too', async () => {
    const { app } = await intake();
    const client = metricsClient('http://localhost', { fetch: app.request });
    const answer = await client.v1.events[':pipeline'].$post({ param: { pipeline: 'storefront' }, json: [view()] });
    expect([answer.status, (await answer.json()).accepted]).toEqual([202, 1]);
  });
});

describe('bad events', () => {
  test('are told one by one, with their place; the good ones go', async () => {
    const { post, bodies } = await intake();
    const good = [view(), view()];
    const bad = [view({ device: 'fridge' }), view({ at: 'yesterday' }), view({ at: '2099-01-01T00:00:00Z' }), 5];
    const response = await post(JSON.stringify([good[0], ...bad, good[1]]));
    expect([response.status, await answerOf(response)]).toMatchObject([
      207,
      {
        accepted: 2,
        rejected: 4,
        problems: [
          { index: 1, reason: 'schema', detail: expect.stringMatching(/^device: /) },
          { index: 2, reason: 'no-time', detail: expect.stringMatching(/got "yesterday"/) },
          { index: 3, reason: 'in-future' },
          { index: 4, reason: 'schema' },
        ],
      },
    ]);
    expect(eventsOf(await bodies())).toEqual(good);
  });

  test('of lines have their line, and a line that is no JSON spoils no other', async () => {
    const { post } = await intake();
    const response = await post(`\n${JSON.stringify(view())}\n\n{"half\n${JSON.stringify(view())}`, NDJSON);
    expect([response.status, await answerOf(response)]).toMatchObject([
      207,
      { accepted: 2, problems: [{ index: 1, line: 4, reason: 'not-json' }] },
    ]);
  });

  test('lines that only together are a JSON array are no events: each line stands for itself', async () => {
    const { post, bodies } = await intake();
    const [first, second] = [view(), view()].map((event) => JSON.stringify(event));
    const response = await post(`[${first},\n${second}]`, NDJSON);
    expect([response.status, (await answerOf(response)).problems]).toMatchObject([
      422,
      [
        { line: 1, reason: 'not-json' },
        { line: 2, reason: 'not-json' },
      ],
    ]);
    expect(await bodies()).toEqual([]);
  });

  test('none good: a problem, with what is wrong with each', async () => {
    const { post, bodies } = await intake();
    const response = await post(JSON.stringify([{}, view({ at: null })]));
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect([response.status, await response.json()]).toMatchObject([
      422,
      { code: 'rejected', fix: 'see problems', accepted: 0, rejected: 2, problems: [{ index: 0 }, { index: 1 }] },
    ]);
    expect(await bodies()).toEqual([]);
  });

  test('are told in full up to the hundredth, and all of them by place and reason', async () => {
    const { post } = await intake();
    const { problems } = await answerOf(await post(JSON.stringify(Array.from({ length: 250 }, () => ({})))));
    expect(problems.map(({ index }) => index)).toEqual(Array.from({ length: 250 }, (_, i) => i));
    expect(problems.filter(({ detail }) => detail !== undefined)).toHaveLength(100);
  });

  test('one that fits no message is refused alone', async () => {
    const { post } = await intake({ maxBytes: 3 * 2 ** 20 });
    const response = await post(JSON.stringify([view({ user: 'x'.repeat(2 ** 20) }), view()]));
    expect([response.status, await answerOf(response)]).toMatchObject([
      207,
      { accepted: 1, problems: [{ index: 0, reason: 'too-large' }] },
    ]);
  });
});

describe('a body that is refused as a whole', () => {
  test.each([
    ['{"id":', 400, 'body', /JSON/],
    ['', 400, 'body', /an event or more/],
    ['[]', 400, 'body', /an event or more/],
    ['[{"id":1}', 400, 'body', /do not close/],
    ['[{"a":1},\n {"b":2},\n {"c":}]', 400, 'body', /event 2, which begins in line 3, column 2/],
    ['[1,1,1,\n1x,1]', 400, 'body', /event 3, which begins in line 2, column 1/],
    ['{"a":1}\n{"a":2}', 400, 'body', /application\/x-ndjson/],
    [Buffer.from([0x22, 0xc3, 0x28, 0x22]), 400, 'body', /UTF-8/],
  ] as const)('%j: %i', async (body, status, code, said) => {
    const { post } = await intake();
    const response = await post(body);
    const text = await response.text();
    expect([response.status, JSON.parse(text)]).toMatchObject([status, { code }]);
    expect(text).toMatch(said);
  });

  test.each([
    [{ 'content-type': 'text/plain' }, 'accept', /json/],
    [{ 'content-type': 'application/json; charset=latin1' }, 'accept', /json/],
    [{ 'content-type': 'application/x-www-form-urlencoded' }, 'accept', /ndjson/],
    [{ 'content-encoding': 'br' }, 'accept-encoding', /gzip, zstd/],
    [{ 'content-encoding': 'gzip, gzip' }, 'accept-encoding', /gzip, zstd/],
  ] as const)('%j: 415, with what is taken', async (headers, header, said) => {
    const { post } = await intake();
    const response = await post('{}', headers);
    expect([response.status, response.headers.get(header)]).toEqual([415, expect.stringMatching(said)]);
  });

  test.each(['gzip', 'zstd'] as const)('a bomb of %s is not inflated: 413', async (kind) => {
    const { post } = await intake();
    const pack = kind === 'gzip' ? gzipSync : zstdCompressSync;
    const bomb = pack(Buffer.alloc(256 * 2 ** 20, ' '));
    expect(bomb.length).toBeLessThan(2 ** 20);
    expect((await post(bomb, { 'content-encoding': kind })).status).toBe(413);
    const cut = pack(JSON.stringify([view()])).subarray(0, 40);
    expect((await post(cut, { 'content-encoding': kind })).status).toBe(400);
    expect((await post('{}', { 'content-encoding': kind })).status).toBe(400);
  });

  test('too many bytes, told or not, or too many events: 413', async () => {
    const { post } = await intake({ maxBytes: 1_000, maxEvents: 5 });
    const long = JSON.stringify(view({ user: 'x'.repeat(1_000) }));
    expect((await post(long, { 'content-length': String(long.length) })).status).toBe(413);
    expect((await post(long)).status).toBe(413);
    expect((await post(long, { 'content-length': 'much' })).status).toBe(413);
    const many = await post('[1,2,3,4,5,6]');
    expect([many.status, await many.json()]).toMatchObject([413, { expected: 'at most 5 events' }]);
    expect((await post('1\n2\n3\n4\n5\n6', NDJSON)).status).toBe(413);
    expect((await post('[1,2,3,4,5]')).status).toBe(422);
  });

  test('a query, another method, another pipeline', async () => {
    const { app, post } = await intake();
    const asked = await app.request('/v1/events/storefront?dry=true', { method: 'POST', body: '{}' });
    expect(asked.status).toBe(400);
    const got = await app.request('/v1/events/storefront');
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST']);
    expect((await app.request('/v1/events/storefont', { method: 'POST', body: '{}' })).status).toBe(404);
    expect((await post(JSON.stringify(view()), { 'idempotency-key': 'x'.repeat(300) })).status).toBe(400);
  });
});

describe('ids', () => {
  const UUID7 = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/) as string;

  test('are given where there are none, and told', async () => {
    const { post, bodies } = await intake();
    const own = view();
    const answer = await answerOf(await post(JSON.stringify([nameless(), own, nameless()])));
    expect(answer).toMatchObject({
      accepted: 3,
      given: [
        { index: 0, id: UUID7 },
        { index: 2, id: UUID7 },
      ],
    });
    const [first, second, third] = eventsOf(await bodies()) as { id: string }[];
    expect([first?.id, third?.id]).toEqual(answer.given.map(({ id }) => id));
    expect(new Set([first?.id, second?.id, third?.id]).size).toBe(3);
    expect(second).toEqual(own);
  });

  test('are the same when a request comes again with its key, and others with another key', async () => {
    const { post } = await intake();
    const body = JSON.stringify([nameless(), nameless({ product: 'cup' })]);
    const given = async (key: string) => (await answerOf(await post(body, { 'idempotency-key': key }))).given;
    const first = await given('order-1');
    expect(first).toHaveLength(2);
    expect(await given('order-1')).toEqual(first);
    const others = await given('order-2');
    expect(new Set([...first, ...others].map(({ id }) => id)).size).toBe(4);
  });

  test('an id that is there but none is not replaced', async () => {
    const { post } = await intake();
    const response = await post(JSON.stringify([view({ id: null }), view({ id: '' }), view({ id: 'x' })]));
    const { problems, given } = await answerOf(response);
    expect([response.status, problems.map(({ reason }) => reason), given]).toEqual([
      422,
      ['schema', 'no-id', 'no-id'],
      [],
    ]);
  });
});

describe('the queue', () => {
  test('is what answers: nothing is accepted that it does not have', async () => {
    const { post, proxy, bodies, lines: warned } = await intake();
    // one of the messages is refused at first, the others not
    const stop = proxy.fault('SendMessageBatch', ({ nth }) => nth === 1, {
      kind: 'reply',
      body: () => ({ Successful: [], Failed: [{ Id: '0', Code: 'InternalError', SenderFault: false }] }),
    });
    expect((await post(JSON.stringify([view()]))).status).toBe(202);
    stop();
    expect(proxy.of('SendMessageBatch')).toHaveLength(2);
    expect(eventsOf(await bodies())).toHaveLength(1);
    expect(warned).toEqual([]);
  });

  test('is believed also where a trace goes along with each message', async () => {
    const { post, queue } = await intake();
    recordSpans();
    expect((await post(JSON.stringify([view(), nameless()]))).status).toBe(202);
    const [sent] = await messagesOf(queue);
    expect(sent?.MessageAttributes).toHaveProperty('traceparent');
  });

  test('that refuses gets 503, with what to send again; one line tells of it, one when it is over', async () => {
    const { post, proxy, lines: warned } = await intake();
    const stop = proxy.fault('SendMessageBatch', () => true, { kind: 'error', status: 403, code: 'AccessDenied' });
    for (let i = 0; i < 3; i++) {
      const response = await post(JSON.stringify([{}, nameless(), view()]));
      expect([response.status, response.headers.get('retry-after'), await response.json()]).toMatchObject([
        503,
        '2',
        { code: 'queue', accepted: 0, rejected: 1, unsent: [1, 2], given: [{ index: 1 }] },
      ]);
    }
    stop();
    expect((await post(JSON.stringify(view()))).status).toBe(202);
    expect(warned).toEqual([expect.stringMatching(/takes no events.*AccessDenied/), expect.stringMatching(/again$/)]);
  });

  test('that has a part of a request: the answer says which', async () => {
    const { post, proxy } = await intake();
    proxy.fault('SendMessageBatch', () => true, {
      kind: 'alter',
      change: (answer) => {
        const [first] = answer['Successful'] as unknown[];
        return { Successful: [first], Failed: [{ Id: '1', Code: 'InvalidMessageContents', SenderFault: true }] };
      },
    });
    // the second does not fit the first one's message
    const response = await post(
      JSON.stringify([view({ user: 'x'.repeat(40_000) }), view({ user: 'y'.repeat(40_000) })]),
    );
    expect([response.status, await response.json()]).toMatchObject([503, { accepted: 1, unsent: [1] }]);
  });

  test('that does not answer within the deadline gets 503, and what is on its way still counts as held', async () => {
    const clock = virtualClock(Date.now());
    const { post, proxy, ingest } = await intake({ clock });
    const { promise: until, resolve: release } = Promise.withResolvers<void>();
    proxy.fault('SendMessageBatch', () => true, { kind: 'hold', until });
    const response = post(JSON.stringify(view()));
    // the event that waits for company, and the request that waits for its answer
    while (clock.pending < 2) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(5);
    await proxy.arrived('SendMessageBatch', 1);
    await clock.advance(10_000);
    expect((await response).status).toBe(503);
    let empty = false;
    const emptied = ingest.room.empty().then(() => (empty = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(empty).toBe(false);
    release();
    await emptied;
    expect(ingest.accepted()).toBe(1);
  });

  test('too much on its way gets 429, before the body is read; once it has arrived there is room again', async () => {
    const sizes = { maxBytes: 10_000, maxDecodedBytes: 10_000, maxPendingBytes: 20_000 };
    const { app, post, proxy } = await intake(sizes);
    const { promise: until, resolve: release } = Promise.withResolvers<void>();
    proxy.fault('SendMessageBatch', () => true, { kind: 'hold', until });
    const body = JSON.stringify(view({ user: 'x'.repeat(9_000) }));
    const length = { 'content-length': String(body.length) };
    const first = [post(body, length), post(body, length)];
    await proxy.arrived('SendMessageBatch', 1);
    let read = false;
    const unread = new ReadableStream({ pull: () => void (read = true) }, { highWaterMark: 0 });
    const told = await app.request('/v1/events/storefront', {
      method: 'POST',
      body: unread,
      duplex: 'half',
      headers: { 'content-type': 'application/json', ...length },
    });
    expect([told.status, read]).toEqual([429, false]);
    const other = await post(body, length);
    expect([other.status, other.headers.get('retry-after'), await other.json()]).toMatchObject([
      429,
      '1',
      { code: 'busy' },
    ]);
    expect((await post(body)).status).toBe(429);
    release();
    expect((await Promise.all(first)).map(({ status }) => status)).toEqual([202, 202]);
    expect((await post(body, length)).status).toBe(202);
  });

  test('closing takes no more and lets what is on its way arrive', async () => {
    const { post, proxy, ingest, queue } = await intake();
    const { promise: until, resolve: release } = Promise.withResolvers<void>();
    proxy.fault('SendMessageBatch', () => true, { kind: 'hold', until });
    const sent = post(JSON.stringify(view()));
    await proxy.arrived('SendMessageBatch', 1);
    const closed = ingest.close(60_000);
    const late = await post(JSON.stringify(view()));
    expect([late.status, await late.json()]).toMatchObject([503, { code: 'closing' }]);
    release();
    expect((await sent).status).toBe(202);
    await closed;
    expect(await queue.counts()).toMatchObject({ visible: 1 });
  });
});

test('random bytes of every kind leave nothing held', async () => {
  const { post, ingest } = await intake();
  for (const kind of ['identity', 'gzip', 'zstd'])
    expect((await post(randomBytes(1_000), { 'content-encoding': kind })).status).toBe(400);
  await ingest.room.empty();
});
