import { DeleteQueueCommand } from '@aws-sdk/client-sqs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { expect, inject, onTestFinished, test } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { openQueue } from '../../src/producer/queue.ts';
import { isLocal } from '../../src/producer/sqs-client.ts';
import { freshQueue } from '../support/queue.ts';
import { sqsProxy } from '../support/sqs-proxy.ts';

test('a queue is found by its name and by its URL', async () => {
  const { sqsEndpoint } = inject('servers');
  const queue = await freshQueue();
  onTestFinished(() => queue.drop());
  for (const named of [queue.name, queue.url]) {
    const { client, queueUrl, maxBytes } = await openQueue(named, { endpoint: sqsEndpoint });
    expect([queueUrl, maxBytes]).toEqual([queue.url, 1_048_576]);
    client.destroy();
  }
});

test("a queue's own limit on messages is respected", async () => {
  const queue = await freshQueue({ MaximumMessageSize: '262144' });
  onTestFinished(() => queue.drop());
  const { client, maxBytes } = await openQueue(queue.name, { endpoint: inject('servers').sqsEndpoint });
  client.destroy();
  expect(maxBytes).toBe(262_144);
});

test('a queue that does not exist is created where the endpoint is on this machine', async () => {
  const endpoint = inject('servers').sqsEndpoint;
  const name = `made-${process.hrtime.bigint()}`;
  const { client, queueUrl } = await openQueue(name, { endpoint });
  const again = await openQueue(queueUrl, { endpoint });
  expect(queueUrl).toMatch(new RegExp(`/${name}$`));
  expect(again.queueUrl).toBe(queueUrl);
  await client.send(new DeleteQueueCommand({ QueueUrl: queueUrl }));
  client.destroy();
  again.client.destroy();
});

test('a queue that may not be looked at, but sent to, is taken at its word', async () => {
  const queue = await freshQueue();
  const proxy = await sqsProxy(inject('servers').sqsEndpoint);
  onTestFinished(async () => {
    await proxy.close();
    await queue.drop();
  });
  proxy.fault('GetQueueAttributes', () => true, { kind: 'error', status: 403, code: 'AccessDenied' });
  const { client, maxBytes } = await openQueue(queue.url, { endpoint: proxy.endpoint });
  client.destroy();
  expect(maxBytes).toBe(1_048_576);
});

test('nothing at the endpoint is a clear message', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const refused = openQueue('orders', { endpoint: `http://127.0.0.1:${port}` });
  await expect(refused).rejects.toThrow(
    `queue 'orders': expected an SQS service at http://127.0.0.1:${port}; got ECONNREFUSED`,
  );
  await expect(refused).rejects.toBeInstanceOf(ConfigError);
});

test.each(['', 'two words', 'orders.fifo', 'x'.repeat(81)])('%j is no name of a queue', async (name) => {
  await expect(openQueue(name, { endpoint: 'http://127.0.0.1:1' })).rejects.toThrow(
    /expected the name or URL of a standard queue/,
  );
});

test.each([
  ['http://127.0.0.1:4566', true],
  ['http://localhost:4566', true],
  ['http://sqs.us-east-1.localhost:4566', true],
  ['http://[::1]:4566', true],
  ['https://sqs.eu-west-1.amazonaws.com', false],
  ['http://127.0.0.1.example.com', false],
  ['http://localhost.example.com', false],
  ['http://10.0.0.1:4566', false],
])('%s is on this machine: %s', (endpoint, local) => {
  expect(isLocal(endpoint)).toBe(local);
});
