import { expect, test, vi } from 'vitest';
import { collect } from '../../support/collect.ts';
import { PATIENCE, proxiedQueue } from '../../support/proxied-queue.ts';

test('a message delivered again while its delete is under way is deleted again, by its newest handle', async () => {
  const { proxy, connect } = await proxiedQueue(['a']);
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  proxy.fault('DeleteMessageBatch', ({ nth }) => nth === 1, { kind: 'hold', until: answered });
  const source = await connect({ visibilityTimeout: '60s' });
  const collected = collect(source);
  const [message] = await collected.received(1);
  message?.custody.acknowledge();
  await proxy.arrived('DeleteMessageBatch', 1);
  const takeAway = proxy.fault('ReceiveMessage', () => true, {
    kind: 'reply',
    body: () => ({
      Messages: [
        { MessageId: message?.id, ReceiptHandle: 'newest', Body: 'a', Attributes: { ApproximateReceiveCount: '2' } },
      ],
    }),
  });
  await vi.waitFor(() => expect(source.stats().redelivered).toBeGreaterThan(0), PATIENCE);
  takeAway();
  answer();
  await vi.waitFor(() => expect(proxy.of('DeleteMessageBatch').length).toBeGreaterThan(1), PATIENCE);
  const entries = proxy.of('DeleteMessageBatch')[1]?.input['Entries'] as { readonly ReceiptHandle: string }[];
  expect(entries[0]?.ReceiptHandle).toBe('newest');
  expect(collected.messages).toHaveLength(1);
  await source.drained(5_000);
});
