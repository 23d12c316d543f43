import { expect, inject, onTestFinished, test } from 'vitest';
import type { Clock } from '../../src/clock.ts';
import { RawBody } from '../../src/producer/raw-body.ts';
import { simulate } from '../../src/producer/simulate.ts';
import type { ToSqsOptions } from '../../src/producer/to-sqs.ts';
import { toSqs } from '../../src/producer/to-sqs.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import { freshQueue } from '../support/queue.ts';
import { sqsProxy } from '../support/sqs-proxy.ts';
import { eventsOf, messagesOf, textIn } from './received.ts';

/** Pauses end at once: what is tested is what happens after them. */
const impatient: Clock = {
  now: () => Date.now(),
  after: (_, task) => {
    const pause = setImmediate(task);
    return () => clearImmediate(pause);
  },
};

async function senderTo(options: Partial<ToSqsOptions> = {}) {
  const { sqsEndpoint, region } = inject('servers');
  const queue = await freshQueue();
  const proxy = await sqsProxy(sqsEndpoint);
  const sender = toSqs({ queue: queue.name, endpoint: proxy.endpoint, region, ...options });
  onTestFinished(async () => {
    await sender.close().catch(() => {});
    await proxy.close();
    await queue.drop();
  });
  return { sender, queue, proxy };
}

const sizesOf = (calls: readonly { readonly input: Readonly<Record<string, unknown>> }[]) =>
  calls.map(({ input }) =>
    (input['Entries'] as { MessageBody: string }[]).map(({ MessageBody }) => MessageBody.length),
  );

const sorted = (events: unknown[]) => events.map((event) => JSON.stringify(event)).sort();

test.each([
  {},
  { pack: 1 },
  { pack: 7 },
  { pack: 10_000 },
  { pack: 300, compress: 'gzip' },
  { compress: 'zstd' },
] satisfies Partial<ToSqsOptions>[])('what is sent arrives, each event once: %j', async (options) => {
  const { sender, queue, proxy } = await senderTo(options);
  const texts = [...simulate({ events: 2_500, bad: 0.01, duplicates: 0.01 }).texts()];
  for (const text of texts) await sender.send(text);
  const summary = await sender.close();
  const messages = await messagesOf(queue);
  const events = messages.flatMap(({ Body = '', MessageAttributes }) => {
    const value = JSON.parse(textIn(Body, MessageAttributes?.['content-encoding']?.StringValue)) as unknown;
    return Array.isArray(value) ? (value as unknown[]) : [value];
  });
  expect(sorted(events)).toEqual([...texts].sort());
  expect(summary).toMatchObject({ events: 2_500, messages: messages.length, resent: 0 });
  for (const sizes of sizesOf(proxy.of('SendMessageBatch'))) {
    expect(sizes.length).toBeLessThanOrEqual(10);
    expect(sizes.reduce((a, b) => a + b)).toBeLessThanOrEqual(1_048_576);
  }
});

test('by default a message holds as many events as fit 64 KB', async () => {
  const { sender, proxy } = await senderTo({ clock: virtualClock() });
  for (const text of simulate({ events: 1_000 }).texts()) await sender.send(text);
  await sender.close();
  const sizes = sizesOf(proxy.of('SendMessageBatch')).flat();
  for (const size of sizes) expect(size).toBeLessThanOrEqual(65_536);
  for (const size of sizes.slice(0, -1)) expect(size).toBeGreaterThan(65_000);
});

test('an event waits for company, but no longer than the linger', async () => {
  const clock = virtualClock();
  const { sender, proxy, queue } = await senderTo({ clock, lingerMs: 250 });
  await sender.send({ id: 'lonely' });
  await clock.advance(249);
  expect(proxy.of('SendMessageBatch')).toHaveLength(0);
  const sent = proxy.arrived('SendMessageBatch', 1);
  await clock.advance(1);
  await sent;
  await sender.flush();
  expect(await eventsOf(queue)).toEqual([{ id: 'lonely' }]);
});

test('messages that an answer of 200 reports as failed are sent again, and each event counts once', async () => {
  const { sender, queue, proxy } = await senderTo({ pack: 1, clock: impatient, lingerMs: 60_000 });
  proxy.fault('SendMessageBatch', ({ nth }) => nth === 1, {
    kind: 'reply',
    body: (input) => ({
      Successful: [],
      Failed: (input['Entries'] as { Id: string }[]).map(({ Id }) => ({
        Id,
        SenderFault: false,
        Code: 'InternalError',
      })),
    }),
  });
  for (let n = 0; n < 10; n++) await sender.send({ n });
  await expect(sender.close()).resolves.toMatchObject({ events: 10, messages: 10, requests: 2, resent: 10 });
  expect(sorted(await eventsOf(queue))).toEqual(sorted(Array.from({ length: 10 }, (_, n) => ({ n }))));
});

test('only what failed is sent again', async () => {
  const { sender, queue, proxy } = await senderTo({ pack: 1, clock: impatient });
  proxy.fault('SendMessageBatch', ({ nth }) => nth === 1, {
    kind: 'alter',
    change: (answer) => {
      const [first, ...others] = answer['Successful'] as { Id: string }[];
      return { Successful: others, Failed: [{ Id: first?.Id, SenderFault: false, Code: 'InternalError' }] };
    },
  });
  const all = Array.from({ length: 10 }, (_, n) => ({ n }));
  // One turn of the loop, so that the ten form one batch.
  await sender.send(all[0] as object);
  for (const event of all.slice(1)) void sender.send(event);
  const summary = await sender.close();
  expect(summary.events).toBe(10);
  expect(summary.resent).toBe(1);
  // The altered one was in fact taken: at least once, never lost.
  expect(await eventsOf(queue)).toHaveLength(11);
});

test.each([
  ['a lost answer', { kind: 'drop-response' }],
  ['a broken connection', { kind: 'reset' }],
  ['throttling', { kind: 'error', status: 400, code: 'RequestThrottled' }],
  ['a server error', { kind: 'error', status: 503, code: 'ServiceUnavailable' }],
] as const)('after %s everything is sent again until it is acknowledged', async (_, fault) => {
  const { sender, queue, proxy } = await senderTo({ pack: 1, clock: impatient, concurrency: 2 });
  proxy.fault('SendMessageBatch', ({ nth }) => nth <= 3, fault);
  const all = Array.from({ length: 40 }, (_, n) => ({ n }));
  for (const event of all) await sender.send(event);
  const summary = await sender.close();
  expect(summary.events).toBe(40);
  expect(summary.resent).toBeGreaterThan(0);
  expect([...new Set(sorted(await eventsOf(queue)))]).toEqual(sorted(all));
});

test('when attempts run out, send, flush and close fail with the reason, and only what was acknowledged counts', async () => {
  const { sender, queue, proxy } = await senderTo({ pack: 1, clock: impatient, attempts: 3, concurrency: 1 });
  for (let n = 0; n < 10; n++) await sender.send({ n });
  await sender.flush();
  proxy.fault('SendMessageBatch', () => true, { kind: 'error', status: 503, code: 'ServiceUnavailable' });
  await sender.send({ n: 10 });
  const reason = {
    code: 'SOURCE',
    message: expect.stringMatching(/not sent after 3 attempts: ServiceUnavailable/) as unknown,
  };
  await expect(sender.flush()).rejects.toMatchObject(reason);
  await expect((async () => sender.send({ n: 11 }))()).rejects.toMatchObject(reason);
  await expect(sender.close()).rejects.toMatchObject(reason);
  expect(sender.stats().events).toBe(10);
  expect(await eventsOf(queue)).toHaveLength(10);
});

test('what SQS refuses for good is not tried again, and its siblings are sent', async () => {
  const { sender, queue, proxy } = await senderTo({ pack: 1, clock: impatient });
  proxy.fault('SendMessageBatch', ({ nth }) => nth === 1, {
    kind: 'reply',
    body: (input) => ({
      Successful: [],
      Failed: (input['Entries'] as { Id: string }[]).map(({ Id }) =>
        Id === '0'
          ? { Id, SenderFault: true, Code: 'InvalidMessageContents', Message: 'bad characters' }
          : { Id, SenderFault: false, Code: 'InternalError' },
      ),
    }),
  });
  await sender.send({ n: 0 });
  for (let n = 1; n < 10; n++) void sender.send({ n });
  await expect(sender.close()).rejects.toThrow(/refused 1 messages: InvalidMessageContents: bad characters/);
  expect(sender.stats().events).toBe((await eventsOf(queue)).length);
  expect(sender.stats().events).toBe(9);
});

test('send makes the caller wait while requests are stuck, so that memory stays bounded', async () => {
  const { sender, proxy } = await senderTo({ pack: 1, concurrency: 2 });
  let release = () => {};
  const until = new Promise<void>((resolve) => (release = resolve));
  proxy.fault('SendMessageBatch', () => true, { kind: 'hold', until });
  await sender.send({ n: 0 });
  let taken = 1;
  let room: Promise<void> | undefined;
  while (taken < 10_000 && !(room = sender.send({ n: taken++ })));
  expect(room).toBeInstanceOf(Promise);
  // Two requests and two batches more, each of ten.
  expect(taken).toBeLessThanOrEqual(60);
  release();
  await room;
  await expect(sender.close()).resolves.toMatchObject({ events: taken });
});

test('an event that fits no message is refused with its size; the sender goes on', async () => {
  const { sender, queue } = await senderTo();
  await sender.send({ n: 0 });
  expect(() => sender.send({ text: 'x'.repeat(1_048_576) })).toThrow(/event of 1048587 bytes/);
  await sender.send({ n: 1 });
  await expect(sender.close()).resolves.toMatchObject({ events: 2 });
  expect(await eventsOf(queue)).toEqual([{ n: 0 }, { n: 1 }]);
});

test('an event beyond 1 MiB is sent if it fits compressed', async () => {
  const { sender, queue } = await senderTo({ compress: 'gzip' });
  const event = { text: 'x'.repeat(3_000_000) };
  await sender.send(event);
  await sender.close();
  expect(await eventsOf(queue)).toEqual([event]);
});

test('a message of exactly 1 MiB is sent', async () => {
  const { sender, queue } = await senderTo({ pack: 5 });
  const event = { text: 'x'.repeat(1_048_576 - '{"text":""}'.length) };
  await sender.send(event);
  await expect(sender.close()).resolves.toMatchObject({ events: 1, bytes: 1_048_576 });
  expect(await eventsOf(queue)).toEqual([event]);
});

test('characters that a queue may refuse survive', async () => {
  const { sender, queue } = await senderTo();
  const event = { text: 'Zoë 🛒 \u0000 \ud800 \u2028 \ufffe' };
  await sender.send(event);
  await sender.close();
  expect(await eventsOf(queue)).toEqual([event]);
});

test('what is no JSON travels alone, its bytes unchanged', async () => {
  const { sender, queue } = await senderTo();
  const bodies = [Buffer.from('{"cut": '), Buffer.from([0xff, 0x00, 0xfe]), Buffer.from('{"shop": "🛒')];
  await sender.send({ n: 0 });
  for (const body of bodies) await sender.send(new RawBody(body));
  await expect(sender.close()).resolves.toMatchObject({ events: 4, messages: 4 });
  const texts = (await messagesOf(queue)).map(({ Body = '', MessageAttributes }) =>
    textIn(Body, MessageAttributes?.['content-encoding']?.StringValue),
  );
  expect(texts.sort()).toEqual(['{"n":0}', ...bodies.map((body) => body.toString())].sort());
});

test('a closed sender takes nothing more', async () => {
  const { sender } = await senderTo();
  await sender.close();
  expect(() => sender.send({ n: 1 })).toThrow(/closed/);
});

test.each([
  [{ pack: 0 }, /pack: expected a whole number above 0; got 0/],
  [{ concurrency: 1.5 }, /concurrency/],
  [{ lingerMs: -1 }, /lingerMs/],
  [{ compress: 'brotli' as 'gzip' }, /compress: expected 'none', 'gzip' or 'zstd'; got "brotli"/],
])('an option that cannot work is refused at once: %j', (wrong, message) => {
  expect(() => toSqs({ queue: 'any', ...wrong })).toThrow(message);
});
