import { expect, test, vi } from 'vitest';
import { collect } from '../../support/collect.ts';
import { virtualClock } from '../../../src/testing/virtual-clock.ts';
import { numbered, PATIENCE, proxiedQueue } from '../../support/proxied-queue.ts';

const always = () => true;
const entriesOf = (input: Readonly<Record<string, unknown>>) =>
  input['Entries'] as { readonly Id: string; readonly ReceiptHandle: string; readonly VisibilityTimeout?: number }[];

test('leases are renewed in calls of ten once less than half of their time is left, and not before', async () => {
  const { proxy, connect } = await proxiedQueue(numbered(25));
  const clock = virtualClock();
  const source = await connect({ clock, visibilityTimeout: '60s' });
  await collect(source, (message) => message.custody.at('buffer', true)).received(25);
  await clock.advance(30_000);
  expect(proxy.of('ChangeMessageVisibilityBatch')).toEqual([]);
  await clock.advance(1_000);
  await proxy.arrived('ChangeMessageVisibilityBatch', 3);
  const sizes = proxy.of('ChangeMessageVisibilityBatch').map(({ input }) => entriesOf(input).length);
  expect(sizes.toSorted((a, b) => b - a)).toEqual([10, 10, 5]);
  expect(entriesOf(proxy.of('ChangeMessageVisibilityBatch')[0]?.input ?? {})[0]?.VisibilityTimeout).toBe(60);
  await source.drained(0);
});

test('a message that is never settled costs its credit until it counts as lost, and settling it late changes nothing', async () => {
  const { connect } = await proxiedQueue(numbered(20));
  const clock = virtualClock();
  const source = await connect({ clock, maxMessages: 10 });
  const collected = collect(source);
  const first = [...(await collected.received(10))];
  await clock.advance(59_000);
  expect(source.stats()).toMatchObject({ received: 10, lost: 0 });
  await clock.advance(1_000);
  await collected.received(20);
  expect(source.stats()).toMatchObject({ lost: 10, held: 10 });
  for (const message of first) message.custody.acknowledge();
  expect(source.stats()).toMatchObject({ acknowledged: 0, held: 10 });
  await source.drained(0);
});

test('once a message is acknowledged its lease is not renewed, although its delete takes long', async () => {
  const { proxy, connect } = await proxiedQueue(['a']);
  const gate = Promise.withResolvers<void>();
  proxy.fault('DeleteMessageBatch', always, { kind: 'hold', until: gate.promise });
  const clock = virtualClock();
  const source = await connect({ clock });
  await collect(source, (message) => message.custody.acknowledge()).received(1);
  await clock.advance(50);
  await proxy.arrived('DeleteMessageBatch', 1);
  await clock.advance(59_000);
  expect(proxy.of('ChangeMessageVisibilityBatch')).toEqual([]);
  gate.resolve();
  await source.drained(0);
});

test.for([
  { Code: 'ReceiptHandleIsInvalid', Message: 'invalid' },
  { Code: 'AWS.SimpleQueueService.MessageNotInflight', Message: 'not in flight' },
  {
    Code: 'InvalidParameterValue',
    Message: 'Message does not exist or is not available for visibility timeout change.',
  },
])('a lease that the queue disowns with $Code is no error and not asked for again', async (failure) => {
  const { proxy, connect, warnings } = await proxiedQueue(['a']);
  proxy.fault('ChangeMessageVisibilityBatch', ({ nth }) => nth === 1, {
    kind: 'reply',
    body: () => ({ Successful: [], Failed: [{ Id: '0', SenderFault: true, ...failure }] }),
  });
  const clock = virtualClock();
  const source = await connect({ clock });
  const collected = collect(source, (message) => message.custody.at('buffer', true));
  await collected.received(1);
  source.stop();
  await collected.completed;
  await clock.advance(31_000);
  await proxy.arrived('ChangeMessageVisibilityBatch', 1);
  // The answer has been read once another call, sent after it, was answered.
  await source.isEmpty();
  await clock.advance(25_000);
  expect(proxy.of('ChangeMessageVisibilityBatch')).toHaveLength(1);
  expect(warnings).toEqual([]);
  collected.messages[0]?.custody.acknowledge();
  await source.drained(60_000);
  expect(source.stats()).toMatchObject({ acknowledged: 1, held: 0 });
});

test('a lease whose renewal failed is renewed at the next turn', async () => {
  const { proxy, connect, warnings } = await proxiedQueue(['a']);
  proxy.fault('ChangeMessageVisibilityBatch', ({ nth }) => nth === 1, {
    kind: 'alter',
    change: () => ({ Successful: [], Failed: [{ Id: '0', Code: 'InternalError', SenderFault: false }] }),
  });
  const clock = virtualClock();
  const source = await connect({ clock });
  const collected = collect(source, (message) => message.custody.at('buffer', true));
  await collected.received(1);
  source.stop();
  await collected.completed;
  await clock.advance(31_000);
  await proxy.arrived('ChangeMessageVisibilityBatch', 1);
  await vi.waitFor(async () => {
    await clock.advance(1_000);
    expect(proxy.of('ChangeMessageVisibilityBatch').length).toBeGreaterThan(1);
  }, PATIENCE);
  expect(warnings).toEqual([]);
  await source.drained(0);
});

test('a lease is given up before it reaches twelve hours, with a warning', async () => {
  const { proxy, connect, warnings } = await proxiedQueue(['a']);
  const clock = virtualClock();
  const source = await connect({ clock, visibilityTimeout: '11h' });
  await collect(source, (message) => message.custody.at('buffer', true)).received(1);
  // The receive after it must be over before hours pass within it.
  source.stop();
  await vi.waitFor(() => expect(proxy.of('ReceiveMessage').length).toBeGreaterThan(0), PATIENCE);
  await clock.advance(5.6 * 3_600_000);
  expect(warnings).toEqual([expect.stringContaining('lease-ended')]);
  expect(proxy.of('ChangeMessageVisibilityBatch')).toEqual([]);
  await source.drained(0);
});

test('a message delivered again while it is held is not given out twice, and is deleted by its newest handle', async () => {
  const { proxy, queue, connect } = await proxiedQueue(['a']);
  const source = await connect({ visibilityTimeout: '60s' });
  const collected = collect(source, (message) => message.custody.at('buffer', true));
  const [message] = await collected.received(1);
  const takeAway = proxy.fault('ReceiveMessage', always, {
    kind: 'reply',
    body: () => ({
      Messages: [
        { MessageId: message?.id, ReceiptHandle: 'newest', Body: 'a', Attributes: { ApproximateReceiveCount: '2' } },
      ],
    }),
  });
  await vi.waitFor(() => expect(source.stats().redelivered).toBeGreaterThan(0), PATIENCE);
  takeAway();
  message?.custody.acknowledge();
  await proxy.arrived('DeleteMessageBatch', 1);
  expect(entriesOf(proxy.of('DeleteMessageBatch')[0]?.input ?? {})[0]?.ReceiptHandle).toBe('newest');
  expect(collected.messages).toHaveLength(1);
  await source.drained(5_000);
  expect(await queue.counts()).toMatchObject({ visible: 0 });
});
