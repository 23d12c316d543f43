import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test, vi } from 'vitest';
import { metricsClient } from '../../src/server/index.ts';
import { type Command, command, scalestream } from '../support/e2e-command.ts';
import { type Scene, scene } from '../support/e2e-scene.ts';
import { PATIENCE } from '../support/proxied-queue.ts';
import { eventsOf } from '../producer/received.ts';
import { nameless, view } from './intake.ts';

const STOREFRONT = 'src/pipelines/storefront.ts';
const BASKETS = 'src/pipelines/baskets.ts';

/** Where a command says that it serves. */
async function urlOf({ child, said }: Command): Promise<string> {
  let err = '';
  child.stderr?.on('data', (data: Buffer) => (err += data.toString()));
  await said(/http:\S+\/v1\/pipelines/);
  return /(http:\S+?)\/v1\/pipelines/.exec(err)?.[1] ?? '';
}

const post = (url: string, pipeline: string, body: NonNullable<RequestInit['body']>, headers = {}): Promise<Response> =>
  fetch(`${url}/v1/events/${pipeline}`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });

const emptied = ({ queue }: Scene): Promise<void> =>
  vi.waitFor(async () => expect(await queue.counts()).toMatchObject({ visible: 0, inFlight: 0 }), PATIENCE);

/** What the windows say of a product. */
async function tradeOf(url: string): Promise<number> {
  const answer = await metricsClient(url).v1.pipelines[':pipeline'].windows[':table'].$get({
    param: { pipeline: 'storefront', table: 'product_trade' },
    query: { 'key.product': 'tea', limit: '1000' },
  });
  const { data } = await answer.json();
  return data.reduce((sum, { measures }) => sum + Number(measures['events']), 0);
}

test('events that come in are in the windows, each once, although every request came twice', async () => {
  const set = await scene();
  const worker = command(['run', STOREFRONT, '--port', '0', '--json'], set.env);
  const url = await urlOf(worker);
  const requests = Array.from({ length: 6 }, (_, i) => ({
    body: JSON.stringify(Array.from({ length: 50 }, (__, n) => (n % 2 === 0 ? nameless() : view()))),
    key: `request ${i}`,
  }));
  const send = async ({ body, key }: (typeof requests)[number], packed: boolean): Promise<unknown> => {
    const headers = { 'idempotency-key': key, ...(packed ? { 'content-encoding': 'gzip' } : {}) };
    const response = await post(url, 'storefront', packed ? gzipSync(body) : body, headers);
    return [response.status, await response.json()];
  };
  const first = await Promise.all(requests.map((each) => send(each, false)));
  const again = await Promise.all(requests.map((each) => send(each, true)));
  expect(again).toEqual(first);
  expect(first).toMatchObject(requests.map(() => [202, { accepted: 50, rejected: 0 }]));
  await emptied(set);
  await vi.waitFor(async () => expect(await tradeOf(url)).toBe(300), PATIENCE);
  worker.child.kill('SIGTERM');
  const ended = await worker.ended;
  expect([ended.code, ended.json()]).toMatchObject([0, { committed: 300, duplicates: 300, rejected: 0 }]);
});

test('a bad event is told to who sent it, and is no reject of the pipeline', async () => {
  const set = await scene();
  const worker = command(['run', STOREFRONT, '--port', '0', '--json'], set.env);
  const url = await urlOf(worker);
  const response = await post(url, 'storefront', JSON.stringify([view(), view({ device: 'fridge' })]));
  expect([response.status, await response.json()]).toMatchObject([207, { accepted: 1, problems: [{ index: 1 }] }]);
  await vi.waitFor(async () => expect(await tradeOf(url)).toBe(1), PATIENCE);
  worker.child.kill('SIGTERM');
  expect((await worker.ended).json()).toMatchObject({ committed: 1, rejected: 0 });
});

test('serve sends to the queue of each pipeline, and asks for tokens of scope ingest', async () => {
  const { env, queue } = await scene();
  await scalestream(['migrate', STOREFRONT], env);
  await scalestream(['migrate', BASKETS], env);
  const sha256 = createHash('sha256').update('till-secret').digest('hex');
  const tokens = await fileOf(JSON.stringify({ tokens: [{ name: 'till', sha256, scopes: ['ingest'] }] }));
  const flags = ['--port', '0', '--tokens', tokens, '--ingest-queue', `storefront=${queue.name}`];
  const serve = command(['serve', STOREFRONT, BASKETS, ...flags], env);
  const url = await urlOf(serve);
  const event = view();
  expect((await post(url, 'storefront', JSON.stringify(event))).status).toBe(401);
  const bearer = { authorization: 'Bearer till-secret' };
  expect((await post(url, 'storefront', JSON.stringify(event), bearer)).status).toBe(202);
  expect((await post(url, 'baskets', JSON.stringify(event), bearer)).status).toBe(404);
  expect(await eventsOf(queue)).toEqual([event]);
  serve.child.kill('SIGTERM');
  const { code, err } = await serve.ended;
  expect(code, err).toBe(0);
  expect(err).not.toContain('u1');
});

test('start takes events, and its books are right with them', async () => {
  const start = command(['start', '--rate', '200', '--port', '0', '--json']);
  const url = await urlOf(start);
  const response = await post(url, 'storefront', JSON.stringify(Array.from({ length: 20 }, () => nameless())));
  expect(response.status).toBe(202);
  start.child.kill('SIGINT');
  const ended = await start.ended;
  expect(ended, ended.err).toMatchObject({ code: 0 });
  expect(ended.json()).toMatchObject({ ingested: 20, duplicates: 0, rejected: 0, verified: true, exact: true });
});

test.each([
  [['serve', STOREFRONT, '--ingest-queue', 'storefont=q'], /did you mean 'storefront'/],
  [['serve', STOREFRONT, '--ingest-queue', 'a', '--ingest-queue', 'b'], /'storefront' twice/],
  [['serve', STOREFRONT, BASKETS, '--ingest-queue', 'q'], /PIPELINE=QUEUE of storefront, baskets/],
  [['serve', STOREFRONT, '--ingest-queue', 'q.fifo'], /standard queue/],
  [['serve', STOREFRONT, '--ingest-queue', 'q', '--endpoint', 'http://127.0.0.1:1'], /an SQS service at/],
  [['run', STOREFRONT, '--ingest-queue', 'other', '--port', '0'], /one of the queues that the worker reads/],
  [['run', STOREFRONT, '--ingest-queue', 'other'], /one of the queues|--port with it/],
])('%j cannot work: 78', async (args, said) => {
  const { env } = await scene();
  const { code, err } = await scalestream([...args, ...(args[0] === 'serve' ? ['--port', '0'] : [])], env);
  expect([code, err]).toEqual([78, expect.stringMatching(said)]);
});

test('of several queues that a worker reads, events go to the one that is named, or are not taken', async () => {
  const [one, other] = [await scene(), await scene()];
  const queues = ['--queue', `tills=${one.queue.name}`, '--queue', other.queue.name];
  const named = command(['run', STOREFRONT, ...queues, '--port', '0', '--ingest-queue', 'tills'], one.env);
  const url = await urlOf(named);
  expect((await post(url, 'storefront', JSON.stringify(view()))).status).toBe(202);
  await vi.waitFor(async () => expect(await tradeOf(url)).toBe(1), PATIENCE);
  named.child.kill('SIGTERM');
  expect((await named.ended).code).toBe(0);
  const unnamed = command(['run', STOREFRONT, ...queues, '--port', '0'], one.env);
  expect((await post(await urlOf(unnamed), 'storefront', JSON.stringify(view()))).status).toBe(404);
});

async function fileOf(text: string): Promise<string> {
  await mkdir('.scalestream', { recursive: true });
  const folder = await mkdtemp(join('.scalestream', 'ingest-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'tokens.json');
  await writeFile(file, text);
  return file;
}
