import { ListQueuesCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { expect, inject, onTestFinished, test } from 'vitest';
import { sqsClients } from '../../../src/sources/sqs/clients.ts';
import { failureOf } from '../../../src/sources/sqs/errors.ts';
import { codeOf } from '../../../src/sqs-code.ts';
import { httpHandler } from '../../../src/sources/sqs/http-handler.ts';
import { sqsProxy } from '../../support/sqs-proxy.ts';

const KEYS = { accessKeyId: 'local', secretAccessKey: 'local' };

async function proxied(deadlineMs = 5_000) {
  const proxy = await sqsProxy(inject('servers').sqsEndpoint);
  const client = new SQSClient({
    endpoint: proxy.endpoint,
    region: 'us-east-1',
    credentials: KEYS,
    maxAttempts: 1,
    requestHandler: httpHandler(2, deadlineMs),
  });
  onTestFinished(async () => {
    client.destroy();
    await proxy.close();
  });
  return { proxy, list: () => client.send(new ListQueuesCommand({})), client };
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

test('a call that is never answered fails when its time is up', async () => {
  const { proxy, list } = await proxied(100);
  proxy.fault('ListQueues', () => true, { kind: 'black-hole' });
  const error = await failure(list());
  expect(codeOf(error)).toBe('TimeoutError');
  expect(failureOf(error)).toBe('network');
});

test('a refusal carries the code of the service', async () => {
  const { client } = await proxied();
  const QueueUrl = `${inject('servers').sqsEndpoint}/000000000000/nowhere`;
  const error = await failure(client.send(new ReceiveMessageCommand({ QueueUrl })));
  expect(codeOf(error)).toMatch(/QueueDoesNotExist|NonExistentQueue/);
  expect(failureOf(error)).toBe('refused');
});

test('a kept connection that the server closed is replaced without a word', async () => {
  const { proxy, list } = await proxied();
  await list();
  proxy.fault('ListQueues', ({ nth }) => nth === 2, { kind: 'reset' });
  expect(await list()).toBeTypeOf('object');
  expect(proxy.of('ListQueues')).toHaveLength(3);
});

test('a new connection that breaks is an error', async () => {
  const { proxy, list } = await proxied();
  proxy.fault('ListQueues', () => true, { kind: 'reset' });
  expect(codeOf(await failure(list()))).toBe('ECONNRESET');
});

test('a provider of credentials that never answers costs a call its time and no more', async () => {
  const clients = sqsClients(
    {
      queue: 'any',
      region: 'us-east-1',
      endpoint: inject('servers').sqsEndpoint,
      credentials: () => new Promise(() => undefined),
    },
    1,
    1,
  );
  onTestFinished(clients.close);
  const error = await failure(clients.inTime(clients.calls.send(new ListQueuesCommand({})), -9.9));
  expect(codeOf(error)).toBe('TimeoutError');
});
