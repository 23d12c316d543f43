import { expect, inject, onTestFinished, test, vi } from 'vitest';
import { sqsSource } from '../../../src/sources/sqs/sqs.ts';
import { collect } from '../../support/collect.ts';
import { PATIENCE } from '../../support/proxied-queue.ts';
import { freshQueue } from '../../support/queue.ts';

const GROUPS = 12;
const EACH = 15;
const groupOf = (body: string) => body.split(' ')[0] ?? '';
const bodies = Array.from({ length: GROUPS * EACH }, (_, i) => `g${i % GROUPS} ${Math.floor(i / GROUPS)}`);

test('a FIFO queue is emptied group by group; of a message released in the middle of its group only that one comes back', async () => {
  const { sqsEndpoint: endpoint, region, ...credentials } = inject('servers');
  const queue = await freshQueue({ FifoQueue: 'true', ContentBasedDeduplication: 'true' });
  onTestFinished(() => queue.drop());
  await queue.send(bodies, groupOf);
  const source = await sqsSource({ queue: queue.name, endpoint, region, credentials, random: () => 0 });
  let flowing = false;
  const collected = collect(source, ({ body, receiveCount, custody }) => {
    custody.at('buffer', true);
    if (!flowing) return;
    if (body === 'g3 7' && receiveCount === 1) custody.release();
    else custody.acknowledge();
  });
  // The first of each group is in custody, and while it is the rest of its group waits.
  const firsts = [...(await collected.received(GROUPS))];
  expect(new Set(firsts.map(({ group }) => group))).toEqual(new Set(bodies.map(groupOf)));
  expect(await queue.counts()).toEqual({ visible: GROUPS * (EACH - 1), inFlight: GROUPS, delayed: 0 });
  flowing = true;
  for (const { custody } of firsts.toReversed()) custody.acknowledge();
  await vi.waitFor(() => expect(source.stats()).toMatchObject({ acknowledged: bodies.length, held: 0 }), PATIENCE);
  expect(source.stats()).toMatchObject({ received: bodies.length + 1, redelivered: 1, released: 1, lost: 0 });
  expect(collected.bodies().toSorted()).toEqual([...bodies, 'g3 7'].toSorted());
  expect(await queue.counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  await source.drained(10_000);
});
