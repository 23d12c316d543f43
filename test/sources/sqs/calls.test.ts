import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import { expect, inject, onTestFinished, test } from 'vitest';
import { sqsClient, sqsPools } from '../../../src/sources/sqs/clients.ts';
import { failureOf } from '../../../src/sources/sqs/errors.ts';
import { codeOf } from '../../../src/sqs-code.ts';
import { sqsProxy } from '../../support/sqs-proxy.ts';

const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };

async function proxied(credentials: typeof KEYS | (() => Promise<typeof KEYS>) = KEYS) {
  const proxy = await sqsProxy(inject('servers').sqsEndpoint);
  const options = { queue: 'any', endpoint: proxy.endpoint, region: 'eu-west-1', credentials };
  const client = sqsClient(options);
  const pools = await sqsPools(client, options, 1);
  onTestFinished(async () => {
    pools.close();
    client.destroy();
    await proxy.close();
  });
  return { proxy, client, call: pools.call };
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

test.for([
  ['plain', KEYS],
  ['with a session', { ...KEYS, sessionToken: 'AQoDYXdzEPT//////////wEXAMPLE==' }],
] as const)(
  'a call carries what a call of the SDK carries, signed for the same service and day: %s',
  async ([, keys]) => {
    const { proxy, client, call } = await proxied(keys);
    await client.send(new ListQueuesCommand({ QueueNamePrefix: 'ümläut' }));
    await call('ListQueues', { QueueNamePrefix: 'ümläut' }, 5_000);
    const [theirs, ours] = proxy.of('ListQueues').map(({ headers }) => headers);
    for (const name of [
      'host',
      'content-type',
      'content-length',
      'x-amz-target',
      'x-amz-security-token',
      'x-amz-content-sha256',
    ])
      expect([name, ours?.[name]]).toEqual([name, theirs?.[name]]);
    const scope = /Credential=(\S+\/aws4_request)/;
    expect(scope.exec(String(ours?.['authorization']))?.[1]).toBe(scope.exec(String(theirs?.['authorization']))?.[1]);
    expect(String(ours?.['authorization'])).toMatch(
      /SignedHeaders=(?=\S*host)(?=\S*x-amz-date)\S*x-amz-target, Signature=[0-9a-f]{64}$/,
    );
  },
);

test('a call that is never answered fails when its time is up', async () => {
  const { proxy, call } = await proxied();
  proxy.fault('ListQueues', () => true, { kind: 'black-hole' });
  const error = await failure(call('ListQueues', {}, 100));
  expect(codeOf(error)).toBe('TimeoutError');
  expect(failureOf(error)).toBe('network');
});

test('a refusal carries the code of the service', async () => {
  const { call } = await proxied();
  const error = await failure(call('ReceiveMessage', { QueueUrl: 'http://127.0.0.1/000000000000/nowhere' }, 5_000));
  expect(codeOf(error)).toBe('QueueDoesNotExist');
  expect(failureOf(error)).toBe('refused');
});

test('a kept connection that the server closed is replaced without a word', async () => {
  const { proxy, call } = await proxied();
  await call('ListQueues', {}, 5_000);
  proxy.fault('ListQueues', ({ nth }) => nth === 2, { kind: 'reset' });
  expect(await call('ListQueues', {}, 5_000)).toBeTypeOf('object');
  expect(proxy.of('ListQueues')).toHaveLength(3);
});

test('a new connection that breaks is an error', async () => {
  const { proxy, call } = await proxied();
  proxy.fault('ListQueues', () => true, { kind: 'reset' });
  expect(codeOf(await failure(call('ListQueues', {}, 5_000)))).toBe('ECONNRESET');
});

test('a provider of credentials that never answers costs a call its time and no more', async () => {
  const { proxy, call } = await proxied(() => new Promise(() => undefined));
  expect(codeOf(await failure(call('ListQueues', {}, 50)))).toBe('TimeoutError');
  expect(proxy.calls).toEqual([]);
});

test('a clock that is wrong by more than AWS tolerates is put right by the first refusal', async () => {
  const { proxy, call } = await proxied();
  const date = new Date(Date.UTC(2040, 0, 1));
  proxy.fault('ListQueues', ({ nth }) => nth === 1, { kind: 'error', status: 403, code: 'RequestExpired', date });
  expect(failureOf(await failure(call('ListQueues', {}, 5_000)))).toBe('credentials');
  await call('ListQueues', {}, 5_000);
  expect(proxy.of('ListQueues').map(({ headers }) => String(headers['x-amz-date']).slice(0, 4))[1]).toBe('2040');
});

test('a clock that is put right after that is believed again at the next refusal', async () => {
  const { proxy, call } = await proxied();
  const wrong = new Date(Date.UTC(2040, 0, 1));
  proxy.fault('ListQueues', ({ nth }) => nth === 1, {
    kind: 'error',
    status: 403,
    code: 'RequestExpired',
    date: wrong,
  });
  proxy.fault('ListQueues', ({ nth }) => nth === 2, {
    kind: 'error',
    status: 403,
    code: 'RequestExpired',
    date: new Date(),
  });
  for (let n = 0; n < 2; n++) expect(failureOf(await failure(call('ListQueues', {}, 5_000)))).toBe('credentials');
  await call('ListQueues', {}, 5_000);
  const years = proxy.of('ListQueues').map(({ headers }) => String(headers['x-amz-date']).slice(0, 4));
  expect(years[1]).toBe('2040');
  expect(years[2]).toBe(String(new Date().getUTCFullYear()));
});
