import { SignatureV4 } from '@smithy/signature-v4';
import { createHash, createHmac } from 'node:crypto';
import { expect, inject, onTestFinished, test } from 'vitest';
import { codeOf, failureOf } from '../../../src/sources/sqs/errors.ts';
import { sqsCalls } from '../../../src/sources/sqs/calls.ts';
import { signedHeaders } from '../../../src/sources/sqs/sign.ts';
import { sqsProxy } from '../../support/sqs-proxy.ts';

const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };

/** What the AWS SDK's signer hashes with. */
class Sha256 {
  readonly #hash;
  constructor(key?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = key === undefined ? createHash('sha256') : createHmac('sha256', key as string);
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

test.for([
  ['plain', '/', KEYS],
  ['with a session', '/', { ...KEYS, sessionToken: 'AQoDYXdzEPT//////////wEXAMPLE==' }],
  ['under a path', '/prefix/', KEYS],
] as const)('a call is signed as the AWS SDK signs it: %s', async ([, path, credentials]) => {
  const date = new Date('2026-03-04T05:06:07.089Z');
  const payload = JSON.stringify({ QueueUrl: 'https://sqs.eu-west-1.amazonaws.com/123456789012/ümläut' });
  const call = { host: 'sqs.eu-west-1.amazonaws.com', path, region: 'eu-west-1', target: 'AmazonSQS.ReceiveMessage' };
  const ours = signedHeaders({ ...call, payload, credentials, date });
  const signer = new SignatureV4({
    credentials,
    region: call.region,
    service: 'sqs',
    sha256: Sha256,
    applyChecksum: false,
  });
  const headers = { 'content-type': 'application/x-amz-json-1.0', host: call.host, 'x-amz-target': call.target };
  const request = { method: 'POST', protocol: 'https:', hostname: call.host, path, headers, body: payload };
  const theirs = await signer.sign(request, { signingDate: date });
  expect(ours['authorization']).toBe(theirs.headers['authorization']);
  expect(ours['x-amz-security-token']).toBe(theirs.headers['x-amz-security-token']);
  expect(ours['content-length']).toBe(Buffer.byteLength(payload));
});

async function proxied(credentials: () => Promise<typeof KEYS> = async () => KEYS) {
  const proxy = await sqsProxy(inject('servers').sqsEndpoint);
  const access = { endpoint: new URL(proxy.endpoint), region: 'us-east-1', credentials };
  const { call, close } = sqsCalls(access, 2);
  onTestFinished(async () => {
    close();
    await proxy.close();
  });
  return { proxy, call };
}
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
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
  expect(codeOf(error)).toMatch(/QueueDoesNotExist|NonExistentQueue/);
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
