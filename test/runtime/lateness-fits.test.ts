import { expect, inject, onTestFinished, test } from 'vitest';
import {
  type Duration,
  eventTable,
  memoryQueue,
  memoryStore,
  mergeSources,
  pipeline,
  startWorker,
} from '../../src/index.ts';
import { sqsSource } from '../../src/sources/sqs/sqs.ts';
import { order, orderPipeline, Order } from '../support/orders.ts';
import { freshQueue } from '../support/queue.ts';

/** The pipeline of most tests; its table waits so long for late events. */
function waiting(lateness: Duration) {
  const { windows, graph } = orderPipeline();
  const events = eventTable('orders', { schema: Order, id: (e) => e.id, time: (e) => e.at, keep: 'forever', lateness });
  return { ...pipeline('orders', [events], graph), windows };
}

/** A source on a queue of its own that holds a message. */
async function sourceWith(visibilityTimeout: Duration) {
  const { sqsEndpoint: endpoint, region, ...credentials } = inject('servers');
  const queue = await freshQueue();
  onTestFinished(() => queue.drop());
  await queue.send([JSON.stringify(order('a'))]);
  const source = await sqsSource({ queue: queue.name, endpoint, region, credentials, visibilityTimeout });
  onTestFinished(() => source.drained(0));
  return { queue, source };
}

test('a worker whose lateness a crash would outlast is refused before it receives, with the sum and the fix', async () => {
  const { queue, source } = await sourceWith('60s');
  const late = waiting('70s');
  expect(() => startWorker(late, { source, store: memoryStore(late) })).toThrow(
    "eventTable('orders') lateness: expected more than 70s: 1m until a message of a dead worker comes back + 10s to commit it; got 70s. Fix: lateness: '71s', or a shorter visibilityTimeout",
  );
  expect(await queue.counts()).toMatchObject({ visible: 1, inFlight: 0 });
  source.stop();
});

test('the longest visibility timeout counts where sources are merged, and one that cannot tell does not', async () => {
  const [{ source: short }, { source: long }] = [await sourceWith('30s'), await sourceWith('90s')];
  expect(mergeSources([long, short, memoryQueue()]).visibilityMs).toBe(90_000);
  expect(mergeSources([memoryQueue()]).visibilityMs).toBeUndefined();
});

test('a worker whose lateness is longer than that runs', async () => {
  const { source } = await sourceWith('60s');
  const patient = waiting('71s');
  const worker = startWorker(patient, { source, store: memoryStore(patient) });
  await worker.stop(5_000);
  await worker.done;
});
