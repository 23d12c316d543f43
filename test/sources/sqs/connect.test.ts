import { CreateQueueCommand, DeleteQueueCommand } from '@aws-sdk/client-sqs';
import { expect, inject, test } from 'vitest';
import { ConfigError, SourceError } from '../../../src/errors.ts';
import { failureOf } from '../../../src/sources/sqs/errors.ts';
import { codeOf } from '../../../src/sqs-code.ts';
import { sqsSource } from '../../../src/sources/sqs/sqs.ts';
import { collect } from '../../support/collect.ts';
import { proxiedQueue } from '../../support/proxied-queue.ts';
import { freshQueue, sqsClient } from '../../support/queue.ts';

const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

test('a queue that does not exist is refused before anything starts, naming queue, endpoint and likely fix', async () => {
  const { options } = await proxiedQueue();
  const error = await refusal(sqsSource({ ...options, queue: 'nowhere' }));
  expect(error).toBeInstanceOf(ConfigError);
  expect(String(error)).toMatch(/'nowhere'.*127\.0\.0\.1.*us-east-1.*an existing queue.*create it/s);
});

test('an endpoint where nothing listens is an error that says so', async () => {
  const { options } = await proxiedQueue();
  const error = await refusal(sqsSource({ ...options, endpoint: 'http://127.0.0.1:1' }));
  expect(error).toBeInstanceOf(SourceError);
  expect(error).toMatchObject({ reason: 'ECONNREFUSED' });
  expect(String(error)).toMatch(/not reachable.*127\.0\.0\.1:1.*Fix:/s);
});

test.for([
  ['AccessDenied', 'may be read'],
  ['KmsAccessDenied', 'may be read'],
  ['ExpiredToken', 'valid credentials'],
] as const)('a queue that answers %s is refused before anything starts', async ([code, expected]) => {
  const { options, proxy } = await proxiedQueue();
  proxy.fault('GetQueueAttributes', () => true, { kind: 'error', status: 403, code });
  const error = await refusal(sqsSource(options));
  expect(error).toBeInstanceOf(ConfigError);
  expect(String(error)).toContain(expected);
});

test('calls go to the given endpoint, whatever the host in the queue URL', async () => {
  const { queue, options, proxy } = await proxiedQueue(['a']);
  expect(new URL(queue.url).host).not.toBe(new URL(proxy.endpoint).host);
  const source = await sqsSource({ ...options, queue: queue.url });
  const collected = collect(source, (message) => message.custody.acknowledge());
  await collected.received(1);
  expect(collected.messages[0]?.source).toBe(queue.name);
  expect(proxy.of('ReceiveMessage').length).toBeGreaterThan(0);
  await source.drained(5_000);
});

test('credentials from a provider are asked for again when they expire', async () => {
  const { options } = await proxiedQueue(['a']);
  let asked = 0;
  const credentials = async () => {
    asked += 1;
    return { accessKeyId: 'a', secretAccessKey: 'b', expiration: new Date(0) };
  };
  const source = await sqsSource({ ...options, credentials });
  await collect(source, (message) => message.custody.acknowledge()).received(1);
  await source.drained(5_000);
  expect(asked).toBeGreaterThan(1);
});

test('a queue without a dead-letter queue, or with an impatient one, is warned of', async () => {
  const { options } = await proxiedQueue();
  const warnings: string[] = [];
  const onWarning = (kind: string) => warnings.push(kind);
  await (await sqsSource({ ...options, onWarning })).drained(0);
  const dead = await freshQueue();
  const client = sqsClient();
  const deadLetterTargetArn = `arn:aws:sqs:us-east-1:000000000000:${dead.name}`;
  for (const maxReceiveCount of [2, 3]) {
    const Attributes = { RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount }) };
    const QueueName = `${dead.name}-source-${maxReceiveCount}`;
    const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName, Attributes }));
    await (
      await sqsSource({ ...options, queue: QueueName, endpoint: inject('servers').sqsEndpoint, onWarning })
    ).drained(0);
    await client.send(new DeleteQueueCommand({ QueueUrl }));
  }
  await dead.drop();
  client.destroy();
  expect(warnings).toEqual(['no-dead-letter-queue', 'few-receives']);
});

test('a queue that keeps messages longer than events are kept is warned of, with the sum', async () => {
  const queue = await freshQueue({ MessageRetentionPeriod: String(5.5 * 86_400) });
  const { sqsEndpoint: endpoint, region, accessKeyId, secretAccessKey } = inject('servers');
  const warnings: string[] = [];
  for (const keepDays of [undefined, 6, 3]) {
    const source = await sqsSource({
      queue: queue.name,
      endpoint,
      region,
      credentials: { accessKeyId, secretAccessKey },
      keepDays,
      onWarning: (kind, detail) => kind === 'short-keep' && warnings.push(detail),
    });
    await source.drained(0);
  }
  await queue.drop();
  expect(warnings).toEqual([
    `queue '${queue.name}' keeps messages for 5.5 d, and events are kept for 3 d: what waits the 2.5 d longer is rejected as too old. Fix: keep: '6d' or more, or a shorter retention of the queue`,
  ]);
});

test.for([
  ['visibilityTimeout', { visibilityTimeout: '1500ms' }],
  ['visibilityTimeout', { visibilityTimeout: '12h' }],
  ['maxMessages', { maxMessages: 0 }],
  ['maxMessages', { maxMessages: 120_001 }],
  ['maxPollers', { maxPollers: 1.5 }],
  ['waitSeconds', { waitSeconds: 0 }],
  ['waitSeconds', { waitSeconds: 21 }],
] as const)('%s out of its limits is refused: %o', async ([name, wrong]) => {
  const error = await refusal(sqsSource({ queue: 'q', region: 'us-east-1', ...wrong }));
  expect(error).toBeInstanceOf(ConfigError);
  expect(String(error)).toContain(name);
});

test.for([
  [{ name: 'QueueDoesNotExist' }, 'QueueDoesNotExist', 'refused'],
  [{ name: 'AWS.SimpleQueueService.NonExistentQueue' }, 'QueueDoesNotExist', 'refused'],
  [{ name: 'KmsThrottled' }, 'KmsThrottled', 'throttled'],
  [{ name: 'KmsDisabled' }, 'KmsDisabled', 'refused'],
  [{ name: 'OverLimit' }, 'OverLimit', 'throttled'],
  [{ name: 'ThrottlingException' }, 'ThrottlingException', 'throttled'],
  [{ name: 'CredentialsProviderError' }, 'CredentialsProviderError', 'credentials'],
  [{ name: 'Whatever', $metadata: { httpStatusCode: 403 } }, 'Whatever', 'credentials'],
  [{ name: 'Error', code: 'ECONNRESET' }, 'ECONNRESET', 'network'],
  [{ name: 'TimeoutError' }, 'TimeoutError', 'network'],
  [undefined, 'Unknown', 'network'],
] as const)('the failure %o has the code %s and is one of kind %s', ([error, code, failure]) => {
  expect(codeOf(error)).toBe(code);
  expect(failureOf(error)).toBe(failure);
});
