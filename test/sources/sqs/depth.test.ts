import { inject, expect, onTestFinished, test, vi } from 'vitest';
import { sqsSource } from '../../../src/sources/sqs/sqs.ts';
import { collect } from '../../support/collect.ts';
import { PATIENCE, proxiedQueue } from '../../support/proxied-queue.ts';
import { freshQueue } from '../../support/queue.ts';

test('a queue of which messages are delayed is not empty', async () => {
  const { sqsEndpoint: endpoint, region, ...credentials } = inject('servers');
  const queue = await freshQueue({ DelaySeconds: '900' });
  onTestFinished(() => queue.drop());
  await queue.send(['delayed']);
  const source = await sqsSource({ queue: queue.name, endpoint, region, credentials });
  expect([await source.isEmpty(), await source.isEmpty(), await source.isEmpty()]).toEqual([false, false, false]);
  await source.drained(0);
});

test('a queue of which messages are in flight with another worker is not empty, but has nothing for this one', async () => {
  const { connect, queue } = await proxiedQueue(['elsewhere']);
  const other = await connect();
  await collect(other, (message) => message.custody.at('buffer', true)).received(1);
  const source = await connect();
  collect(source);
  await vi.waitFor(() => expect(source.progress()[0]?.emptyAt).toBeDefined(), PATIENCE);
  expect([await source.isEmpty(), await source.isEmpty(), await source.isEmpty()]).toEqual([false, false, false]);
  expect(await queue.counts()).toEqual({ visible: 0, inFlight: 1, delayed: 0 });
  await Promise.all([source.drained(0), other.drained(0)]);
});

test('a count that the queue does not tell is not taken for zero', async () => {
  const { connect, proxy, warnings } = await proxiedQueue();
  const source = await connect();
  proxy.fault('GetQueueAttributes', () => true, {
    kind: 'reply',
    body: () => ({ Attributes: { ApproximateNumberOfMessagesNotVisible: '0' } }),
  });
  collect(source);
  await expect(source.isEmpty()).rejects.toThrow(/does not tell its ApproximateNumberOfMessages$/);
  await vi.waitFor(() => expect(warnings).toEqual([expect.stringMatching(/^depth-failed: .*not tell/)]), PATIENCE);
  expect(source.progress()).toMatchObject([{ emptyAt: undefined }]);
  await source.drained(0);
});
