import { CreateQueueCommand, DeleteQueueCommand, SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { expect, inject, test, vi } from 'vitest';
import { releaseSeconds } from '../../../src/sources/backoff.ts';
import { sqsSource } from '../../../src/sources/sqs/sqs.ts';
import { collect } from '../../support/collect.ts';
import { numbered, PATIENCE, proxiedQueue } from '../../support/proxied-queue.ts';
import { sqsClient } from '../../support/queue.ts';
import type { ProxiedCall } from '../../support/sqs-proxy.ts';

interface Entry {
  readonly Id: string;
  readonly ReceiptHandle: string;
  readonly VisibilityTimeout?: number;
}
interface BatchAnswer {
  readonly Successful?: readonly Entry[];
  readonly Failed?: readonly Entry[];
}
const always = () => true;
const entriesOf = (call: ProxiedCall | undefined) => (call?.input['Entries'] ?? []) as Entry[];
const fail = (how: object, which: (id: string) => boolean) => (answer: Record<string, unknown>) => {
  const { Successful = [] } = answer as BatchAnswer;
  return {
    Successful: Successful.filter(({ Id }) => !which(Id)),
    Failed: Successful.filter(({ Id }) => which(Id)).map(({ Id }) => ({ Id, ...how })),
  };
};

test('deletes go out ten at a time', async () => {
  const { proxy, connect } = await proxiedQueue(numbered(40));
  const source = await connect();
  const collected = collect(source);
  await collected.received(40);
  for (const message of collected.messages) message.custody.acknowledge();
  await vi.waitFor(() => expect(source.stats().held).toBe(0), PATIENCE);
  expect(proxy.of('DeleteMessageBatch').map((call) => entriesOf(call).length)).toEqual([10, 10, 10, 10]);
  await source.drained(5_000);
});

test('an entry that failed inside a successful delete is deleted again, alone', async () => {
  const { proxy, connect, warnings } = await proxiedQueue(numbered(10));
  proxy.fault('DeleteMessageBatch', ({ nth }) => nth === 1, {
    kind: 'alter',
    change: fail({ Code: 'InternalError', SenderFault: false }, (id) => id === '3'),
  });
  const source = await connect();
  await collect(source, (message) => message.custody.acknowledge()).received(10);
  await source.drained(10_000);
  const [first, second] = proxy.of('DeleteMessageBatch').map(entriesOf);
  expect(second?.map(({ ReceiptHandle }) => ReceiptHandle)).toEqual([first?.[3]?.ReceiptHandle]);
  expect(source.stats()).toMatchObject({ acknowledged: 10, held: 0 });
  expect(warnings).toEqual([]);
});

test('an entry that the answer does not mention was not deleted', async () => {
  const { proxy, connect } = await proxiedQueue(numbered(2));
  proxy.fault('DeleteMessageBatch', ({ nth }) => nth === 1, { kind: 'reply', body: () => ({}) });
  const source = await connect();
  const collected = collect(source, (message) => message.custody.acknowledge());
  await collected.received(2);
  await source.drained(10_000);
  expect(proxy.of('DeleteMessageBatch').length).toBeGreaterThan(1);
});

test('a delete that keeps failing is left to redelivery after three attempts, with a warning, and its credit returns', async () => {
  const { proxy, connect, warnings } = await proxiedQueue(['a']);
  proxy.fault('DeleteMessageBatch', always, {
    kind: 'reply',
    body: () => ({ Failed: [{ Id: '0', Code: 'InternalError', SenderFault: false }] }),
  });
  const source = await connect();
  await collect(source, (message) => message.custody.acknowledge()).received(1);
  await source.drained(10_000);
  expect(proxy.of('DeleteMessageBatch')).toHaveLength(3);
  expect(warnings).toEqual([expect.stringContaining('delete-failed')]);
  expect(source.stats()).toMatchObject({ held: 0, heldBytes: 0 });
});

test('deletes outlive a queue that is away for a second', async () => {
  const { proxy, queue, connect, warnings } = await proxiedQueue(numbered(10));
  proxy.fault('DeleteMessageBatch', ({ nth }) => nth <= 4, { kind: 'error', status: 503, code: 'ServiceUnavailable' });
  const source = await connect();
  await collect(source, (message) => message.custody.acknowledge()).received(10);
  await source.drained(20_000);
  expect(warnings).toEqual([]);
  expect(await queue.counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
});

test('a delete that the queue blames on us is not repeated', async () => {
  const { proxy, connect, warnings } = await proxiedQueue(['a']);
  proxy.fault('DeleteMessageBatch', always, {
    kind: 'reply',
    body: () => ({ Failed: [{ Id: '0', Code: 'AccessDenied', SenderFault: true }] }),
  });
  const source = await connect();
  await collect(source, (message) => message.custody.acknowledge()).received(1);
  await source.drained(10_000);
  expect(proxy.of('DeleteMessageBatch')).toHaveLength(1);
  expect(warnings).toEqual([expect.stringContaining('delete-failed')]);
});

test('deleting by a handle that has expired, an error in a FIFO queue, is none here', async () => {
  const { proxy, connect, warnings } = await proxiedQueue(['a']);
  const Message = 'Value AQEB for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.';
  proxy.fault('DeleteMessageBatch', always, {
    kind: 'reply',
    body: () => ({ Failed: [{ Id: '0', Code: 'InvalidParameterValue', SenderFault: true, Message }] }),
  });
  const source = await connect();
  await collect(source, (message) => message.custody.acknowledge()).received(1);
  await source.drained(10_000);
  expect(proxy.of('DeleteMessageBatch')).toHaveLength(1);
  expect(warnings).toEqual([]);
});

test('one message twice in a receive is given out once, and no call holds an entry id twice', async () => {
  const { proxy, connect } = await proxiedQueue(numbered(5));
  proxy.fault('ReceiveMessage', always, {
    kind: 'alter',
    change(answer) {
      const messages = (answer['Messages'] ?? []) as object[];
      return { Messages: [...messages, ...messages] };
    },
  });
  const source = await connect();
  const collected = collect(source, (message) => message.custody.acknowledge());
  await collected.received(5);
  await source.drained(10_000);
  expect(collected.bodies().sort()).toEqual(numbered(5));
  for (const call of proxy.of('DeleteMessageBatch')) {
    const ids = entriesOf(call).map(({ Id }) => Id);
    expect(new Set(ids).size).toBe(ids.length);
  }
});

test('one released message of a delivery leaves its nine siblings acknowledged', async () => {
  const { queue, connect } = await proxiedQueue(numbered(10));
  const source = await connect({ random: () => 0.999 });
  const collected = collect(source, ({ body, custody }) =>
    body === 'message 4' ? custody.release() : custody.acknowledge(),
  );
  await collected.received(10);
  await vi.waitFor(() => expect(source.stats().held).toBe(0), PATIENCE);
  const { visible, inFlight } = await queue.counts();
  expect(visible + inFlight).toBe(1);
  expect(source.stats()).toMatchObject({ acknowledged: 9 });
  await source.drained(0);
});

test('a released message stays away for seconds that grow with its receive count, jittered, never zero', () => {
  for (let count = 1; count < 100; count += 1) {
    expect(releaseSeconds(count, () => 0)).toBe(1);
    expect(releaseSeconds(count, () => 0.999_999)).toBe(Math.min(900, 2 ** count));
  }
});

test('a release asks for seconds of absence, and for none only when the worker stops', async () => {
  const { proxy, connect } = await proxiedQueue(['a', 'b']);
  const source = await connect({ random: () => 0.999 });
  await collect(source, ({ body, custody }) => body === 'a' && custody.release()).received(2);
  await proxy.arrived('ChangeMessageVisibilityBatch', 1);
  await source.drained(0);
  const absences = proxy.of('ChangeMessageVisibilityBatch').map((call) => entriesOf(call)[0]?.VisibilityTimeout);
  expect(absences).toEqual([2, 0]);
});

test('draining waits until the queue has taken the last delete', async () => {
  const { proxy, queue, connect } = await proxiedQueue(['a']);
  const gate = Promise.withResolvers<void>();
  proxy.fault('DeleteMessageBatch', always, { kind: 'hold', until: gate.promise });
  const source = await connect();
  const collected = collect(source, (message) => message.custody.acknowledge());
  await collected.received(1);
  let drained = false;
  const drain = source.drained(20_000).then(() => (drained = true));
  await proxy.arrived('DeleteMessageBatch', 1);
  await collected.completed;
  expect(drained).toBe(false);
  expect(source.stats().held).toBe(1);
  gate.resolve();
  await drain;
  expect(await queue.counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
});

test('a delete whose answer is lost is sent again', async () => {
  const { proxy, queue, connect, warnings } = await proxiedQueue(['a']);
  proxy.fault('DeleteMessageBatch', ({ nth }) => nth === 1, { kind: 'drop-response' });
  const source = await connect();
  await collect(source, (message) => message.custody.acknowledge()).received(1);
  await source.drained(20_000);
  expect(proxy.of('DeleteMessageBatch')).toHaveLength(2);
  expect(warnings).toEqual([]);
  expect(await queue.counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
});

test('a FIFO queue is settled message by message, and a failure in a group does not spin', async () => {
  const { sqsEndpoint: endpoint, region, ...credentials } = inject('servers');
  const client = sqsClient();
  const name = `test-${process.pid}-${Date.now()}.fifo`;
  const Attributes = { FifoQueue: 'true', ContentBasedDeduplication: 'true' };
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: name, Attributes }));
  const Entries = numbered(6).map((MessageBody, i) => ({ Id: `${i}`, MessageBody, MessageGroupId: `group ${i % 2}` }));
  await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  const source = await sqsSource({ queue: name, endpoint, region, credentials, waitSeconds: 1, random: () => 0 });
  const collected = collect(source, ({ body, receiveCount, custody }) =>
    body === 'message 0' && receiveCount === 1 ? custody.release() : custody.acknowledge(),
  );
  await collected.received(7);
  expect(new Set(collected.bodies()).size).toBe(6);
  expect(collected.messages.map(({ group }) => group)).toContain('group 1');
  await source.drained(10_000);
  expect(source.stats()).toMatchObject({ acknowledged: 6, released: 1, received: 7 });
  await client.send(new DeleteQueueCommand({ QueueUrl }));
  client.destroy();
});
