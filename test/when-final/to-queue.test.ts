import { DeleteMessageCommand, type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { expect, inject, onTestFinished, test } from 'vitest';
import { type FinalWindow, toQueue, whenFinal } from '../../src/index.ts';
import { checkSinks } from '../../src/runtime/check-sinks.ts';
import { deliverOnce } from '../../src/runtime/deliver.ts';
import { trade } from '../support/orders.ts';
import { type FreshQueue, freshQueue } from '../support/queue.ts';
import { type SqsProxy, sqsProxy } from '../support/sqs-proxy.ts';
import { inWindow, stageOf, withFinals } from './stage.ts';

interface Target {
  readonly queue: FreshQueue;
  readonly proxy: SqsProxy;
  readonly access: { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } };
  /** Takes `count` messages off the queue. */
  receive(count: number): Promise<Message[]>;
}

/** A queue behind a proxy that can misbehave; gone when the test is over. */
async function target(attributes: Readonly<Record<string, string>> = {}): Promise<Target> {
  const { sqsEndpoint, region, accessKeyId, secretAccessKey } = inject('servers');
  const queue = await freshQueue(attributes);
  const proxy = await sqsProxy(sqsEndpoint);
  onTestFinished(async () => {
    await proxy.close();
    await queue.drop();
  });
  return {
    queue,
    proxy,
    access: { endpoint: proxy.endpoint, region, credentials: { accessKeyId, secretAccessKey } },
    async receive(count) {
      const all: Message[] = [];
      while (all.length < count) {
        const { Messages = [] } = await queue.client.send(
          new ReceiveMessageCommand({
            QueueUrl: queue.url,
            MaxNumberOfMessages: 10,
            WaitTimeSeconds: 1,
            MessageAttributeNames: ['All'],
            MessageSystemAttributeNames: ['All'],
          }),
        );
        all.push(...Messages);
        for (const { ReceiptHandle } of Messages)
          await queue.client.send(new DeleteMessageCommand({ QueueUrl: queue.url, ReceiptHandle }));
      }
      return all;
    },
  };
}

const deliveryOf = ({ MessageAttributes }: Message): string | undefined =>
  MessageAttributes?.['scalestream-delivery']?.StringValue;

const parcels = (count: number, bytes = 10) =>
  Array.from({ length: count }, (_, n) => ({ delivery: `d${n}`, line: `l${n}`, body: `${n}`.padEnd(bytes, '.') }));

test('a final window is a message: the window as JSON, its delivery as an attribute too', async () => {
  const { queue, access, receive } = await target();
  const stage = await stageOf(whenFinal(trade, toQueue({ queue: queue.name, ...access }), { name: 'finance' }));
  await stage.deliver(inWindow(0, 'a', { cents: 150 }));
  await stage.pass();
  await stage.store.time.tick();
  expect(await deliverOnce(stage.pipeline, stage.store.time.outbox)).toEqual({ delivered: 1, skipped: 0, failed: 0 });
  const [message = {}] = await receive(1);
  const window = JSON.parse(message.Body ?? '') as FinalWindow;
  expect(Object.keys(window)).toEqual(['delivery', 'table', 'start', 'end', 'key', 'measures', 'revision', 'revised']);
  expect(window).toMatchObject({
    table: 'trade',
    key: { product: 'tea' },
    measures: { orders: '1', cents: '150', mean: '150', mean_sum: '150', mean_count: '1' },
    revised: false,
  });
  expect(deliveryOf(message)).toBe(window.delivery);
});

test('where its answer is lost, a message is sent again: the same delivery, for the receiver to know it by', async () => {
  const { queue, proxy, access, receive } = await target();
  const stage = await stageOf(whenFinal(trade, toQueue({ queue: queue.name, ...access }), { name: 'finance' }));
  await stage.deliver(inWindow(0, 'a'));
  await stage.pass();
  await stage.store.time.tick();
  proxy.fault('SendMessageBatch', ({ nth }) => nth === 1, { kind: 'drop-response' });
  const run = () => deliverOnce(stage.pipeline, stage.store.time.outbox);
  expect(await run()).toEqual({ delivered: 0, skipped: 0, failed: 1 });
  // The SDK calls a connection that broke a timeout.
  expect(await stage.rows('select error from scalestream.outbox')).toEqual([
    { error: 'SendMessageBatch: TimeoutError' },
  ]);
  await stage.place.query('update scalestream.outbox set next_at = now()');
  expect(await run()).toEqual({ delivered: 1, skipped: 0, failed: 0 });
  const [first, second] = await receive(2);
  expect(first?.Body).toBe(second?.Body);
  expect(deliveryOf(first ?? {})).toBe(deliveryOf(second ?? {}));
  expect(first?.MessageId).not.toBe(second?.MessageId);
});

test('many go in batches of ten and a mebibyte, and each says for itself whether it arrived', async () => {
  const { queue, proxy, access, receive } = await target();
  const sink = await toQueue({ queue: queue.name, ...access }).open({});
  onTestFinished(() => sink.close());
  expect(sink.most).toBe(50);
  expect(await sink.send(parcels(25))).toEqual(new Map());
  expect(await sink.send(parcels(3, 400_000))).toEqual(new Map());
  const sizes = proxy.of('SendMessageBatch').map(({ input }) => (input['Entries'] as unknown[]).length);
  expect(sizes.sort((a, b) => b - a)).toEqual([10, 10, 5, 2, 1]);
  expect(new Set((await receive(28)).map(deliveryOf)).size).toBe(25);
});

test('one that is too large, refused or not named in the answer did not arrive; its siblings did', async () => {
  const { queue, proxy, access, receive } = await target();
  const sink = await toQueue({ queue: queue.name, ...access }).open({});
  onTestFinished(() => sink.close());
  proxy.fault('SendMessageBatch', () => true, {
    kind: 'alter',
    change: ({ Successful }) => ({
      Successful: (Successful as { Id: string }[]).filter(({ Id }) => Id !== '1' && Id !== '2'),
      Failed: [{ Id: '1', Code: 'InternalError', Message: 'not now', SenderFault: false }],
    }),
  });
  const large = { delivery: 'large', line: 'l', body: '.'.repeat(1_048_577) };
  expect(await sink.send([large, ...parcels(4)])).toEqual(
    new Map([
      ['large', '1048608 bytes: the queue takes 1048576'],
      ['d1', 'InternalError: not now'],
      ['d2', 'not in the answer of SQS'],
    ]),
  );
  await receive(4);
});

test('a FIFO queue gets a group for each key and a deduplication id for each delivery, and so holds a repeat once', async () => {
  const { queue, proxy, access, receive } = await target({ FifoQueue: 'true' });
  const sink = toQueue({ queue: queue.url.replace(/^https?:\/\/[^/]+/, access.endpoint), ...access });
  expect(sink.ordered).toBe(true);
  const stage = await stageOf(
    whenFinal(trade, sink, { name: 'finance', body: ({ key, revision }) => `${key.product} ${revision}` }),
  );
  await stage.deliver(inWindow(0, 'a', { product: 'mug' }), inWindow(0, 'b'));
  await stage.pass();
  await stage.store.time.tick();
  await stage.deliver(inWindow(0, 'c'));
  await stage.store.time.tick();
  proxy.fault('SendMessageBatch', ({ nth }) => nth === 1, { kind: 'drop-response' });
  const run = () => deliverOnce(stage.pipeline, stage.store.time.outbox);
  expect(await run()).toMatchObject({ failed: 1 });
  await stage.place.query('update scalestream.outbox set next_at = now()');
  expect(await run()).toEqual({ delivered: 3, skipped: 0, failed: 0 });
  const messages = await receive(3);
  const of = (product: string) => messages.filter(({ Body }) => Body?.startsWith(product));
  expect(of('tea').map(({ Body }) => Body)).toEqual(['tea 1', 'tea 2']);
  expect(new Set(of('tea').map(({ Attributes }) => Attributes?.MessageGroupId)).size).toBe(1);
  expect(of('mug')[0]?.Attributes?.MessageGroupId).not.toBe(of('tea')[0]?.Attributes?.MessageGroupId);
  const ids = messages.map(({ Attributes }) => Attributes?.MessageDeduplicationId);
  expect(new Set(ids).size).toBe(3);
  expect(ids.every((id) => /^[0-9a-f]{64}$/.test(id ?? ''))).toBe(true);
  expect((await queue.counts()).visible).toBe(0);
});

test('what a refusal says of secrets does not come into the outbox', async () => {
  const { queue, proxy, access } = await target();
  const sink = await toQueue({ queue: queue.name, ...access }).open({});
  onTestFinished(() => sink.close());
  const message = 'The Canonical String should have been POST / x-amz-security-token:SECRET';
  proxy.fault('SendMessageBatch', () => true, { kind: 'error', status: 403, code: 'SignatureDoesNotMatch', message });
  expect([...(await sink.send(parcels(1))).values()]).toEqual(['SendMessageBatch: SignatureDoesNotMatch']);
});

test('a queue that does not answer is given up after the timeout', async () => {
  const { queue, proxy, access } = await target();
  const sink = await toQueue({ queue: queue.name, timeout: '50ms', ...access }).open({});
  onTestFinished(() => sink.close());
  proxy.fault('SendMessageBatch', () => true, { kind: 'black-hole' });
  expect([...(await sink.send(parcels(1))).values()]).toEqual([
    expect.stringMatching(/^SendMessageBatch: (Abort|Timeout)Error$/),
  ]);
});

const check = (queue: string, access: object = {}, defaults: object = {}) =>
  checkSinks(withFinals(whenFinal(trade, toQueue({ queue, ...access }), { name: 'finance' })), defaults);

test('at the start: endpoint, region and credentials are those of the worker’s own queue where the sink says nothing', async () => {
  const { queue, access } = await target();
  await check(queue.name, {}, access);
  await check(queue.url.replace(/^https?:\/\/[^/]+/, access.endpoint), {}, { endpoint: 'http://127.0.0.1:1' });
  await expect(check(queue.name, { endpoint: 'http://127.0.0.1:1' }, access)).rejects.toThrow(
    `queue '${queue.name}': expected an SQS service at http://127.0.0.1:1; got ECONNREFUSED`,
  );
});

test('at the start a queue that does not exist is refused, and never made, not even where its endpoint is on this machine', async () => {
  const { proxy, access } = await target();
  const { endpoint } = access;
  const create = 'Fix: aws sqs create-queue --queue-name';
  await expect(check('nobody-made-it', access)).rejects.toMatchObject({
    code: 'CONFIG',
    message: `queue 'nobody-made-it': expected an existing queue; got none of that name at ${endpoint}. ${create} nobody-made-it --endpoint-url ${endpoint}, or another region or endpoint`,
  });
  await expect(check(`${endpoint}/000000000000/nobody-made-it`, access)).rejects.toThrow('expected an existing queue');
  await expect(check('nobody.fifo', access)).rejects.toThrow(`${create} nobody.fifo --attributes FifoQueue=true --end`);
  expect(proxy.of('CreateQueue')).toEqual([]);
  const elsewhere = { ...access, endpoint: access.endpoint.replace('127.0.0.1', '0.0.0.0') };
  await expect(check('finance', elsewhere)).rejects.toMatchObject({
    code: 'CONFIG',
    message: expect.stringMatching(
      /^queue 'finance': expected an existing queue; got none of that name at .*Fix: aws sqs create-queue/,
    ),
  });
});

test('at the start a queue that refuses is a setting that cannot work', async () => {
  const { queue, proxy, access } = await target();
  proxy.fault('GetQueueUrl', () => true, { kind: 'error', status: 403, code: 'AccessDenied', message: 'no' });
  await expect(check(queue.name, access)).rejects.toMatchObject({
    code: 'CONFIG',
    message: expect.stringMatching(
      new RegExp(`^whenFinal 'finance', queue '${queue.name}': expected an answer; got queue .*: no. Fix: is it there`),
    ),
  });
});

test.each(['', 'two words', 'x'.repeat(81), 'finance.fif0', '.fifo'])('%j is no name of a queue', (name) => {
  expect(() => toQueue({ queue: name })).toThrow(/expected the name or URL of a queue/);
});

test('a timeout that would outlast the lease is refused', () => {
  expect(() => toQueue({ queue: 'finance', timeout: '21s' })).toThrow(/^toQueue timeout: expected at most 20s/);
});

test('a queue that is not named is refused', () => {
  expect(() => toQueue({ queue: undefined as unknown as string })).toThrow(
    "toQueue: expected the name or URL of a queue; got nothing. Fix: toQueue({ queue: 'finance' })",
  );
});
