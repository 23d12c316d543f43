import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { metricsClient } from '../../src/server/index.ts';
import { type Command, command, scalestream } from '../support/e2e-command.ts';
import { scene } from '../support/e2e-scene.ts';

const STOREFRONT = 'src/pipelines/storefront.ts';
const BASKETS = 'src/pipelines/baskets.ts';

/** Where a command says that it serves. */
async function urlOf({ child, said }: Command): Promise<string> {
  let err = '';
  child.stderr?.on('data', (data: Buffer) => (err += data.toString()));
  await said(/ at http:\S+\/v1\/pipelines/);
  return / at (http:\S+?)\/v1\/pipelines/.exec(err)?.[1] ?? '';
}

async function fileOf(text: string): Promise<string> {
  await mkdir('.scalestream', { recursive: true });
  const room = await mkdtemp(join('.scalestream', 'serve-'));
  onTestFinished(() => rm(room, { recursive: true }));
  const file = join(room, 'tokens.json');
  await writeFile(file, text);
  return file;
}

const digest = (token: string): string => createHash('sha256').update(token).digest('hex');

test('serve serves several pipelines until it is stopped, and ends with 0', async () => {
  const { env } = await scene();
  await scalestream(['migrate', STOREFRONT], env);
  await scalestream(['migrate', BASKETS], env);
  const serve = command(['serve', STOREFRONT, BASKETS, '--port', '0'], env);
  const url = await urlOf(serve);
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  const answer = await metricsClient(url).v1.pipelines.$get();
  expect((await answer.json()).data.map(({ name }) => name)).toEqual(['storefront', 'baskets']);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  // a name of somebody else, with a line that is not of the log
  const said = await rawly(url, 'GET /v1/pipelines HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n');
  expect(said).toMatch(/^HTTP\/1\.1 421 /);
  serve.child.kill('SIGTERM');
  const { code, err } = await serve.ended;
  expect(code, err).toBe(0);
  expect(err.trim().split('\n')).toHaveLength(1);
});

test('serve asks for tokens where it is told whom to let in, and does not listen to others without', async () => {
  const { env } = await scene();
  await scalestream(['migrate', STOREFRONT], env);
  const refused = await scalestream(['serve', STOREFRONT, '--host', '0.0.0.0', '--port', '0'], env);
  expect(refused).toMatchObject({ code: 78, err: expect.stringMatching(/expected --tokens FILE/) });
  const tokens = await fileOf(
    JSON.stringify({ tokens: [{ name: 'page', sha256: digest('open sesame'.replace(' ', '-')), scopes: ['read'] }] }),
  );
  const serve = command(['serve', STOREFRONT, '--host', '0.0.0.0', '--port', '0', '--tokens', tokens], env);
  const url = await urlOf(serve);
  expect((await fetch(`${url}/v1/pipelines`)).status).toBe(401);
  const answer = await metricsClient(url, { token: 'open-sesame' }).v1.pipelines.$get();
  expect(answer.status).toBe(200);
});

test.each([
  [['--port', '99999'], /--port: expected 0 to 65535/],
  [['--tokens', 'no/such/file'], /--tokens: expected a readable file/],
  [['--tokens', 'package.json'], /package.json: expected an object with `tokens`/],
  [['--replica', 'mysql://localhost/x'], /expected postgres:/],
  [['--database', 'postgres://127.0.0.1:1/x'], /expected an answer/],
  [[], /pipeline 'storefront': expected it in the database|expected the pipeline's tables/],
])('serve %j cannot work: 78, before it listens', async (flags, message) => {
  const { env } = await scene();
  const { code, err } = await scalestream(['serve', STOREFRONT, '--port', '0', ...flags], env);
  expect(err).toMatch(message);
  expect(code).toBe(78);
});

test('run is not told how to serve without being told to', async () => {
  const { env } = await scene();
  const { code, err } = await scalestream(['run', STOREFRONT, '--tokens', 'x.json', '--insecure'], env);
  expect([code, err]).toMatchObject([78, expect.stringMatching(/expected a readable file/)]);
  const other = await scalestream(['run', STOREFRONT, '--insecure'], env);
  expect([other.code, other.err]).toMatchObject([78, expect.stringMatching(/--insecure: expected --port with it/)]);
});

test('a port that is taken is told; a replica is asked in place of the database', async () => {
  const { env, database } = await scene();
  await scalestream(['migrate', STOREFRONT], env);
  const other = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void other.close());
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as { port: number };
  const taken = await scalestream(['serve', STOREFRONT, '--port', String(port)], env);
  expect(taken).toMatchObject({ code: 78, err: expect.stringMatching(/EADDRINUSE.*Fix: take another --port/) });
  const serve = command(['serve', STOREFRONT, '--port', '0', '--replica', database.url], {
    ...env,
    DATABASE_URL: 'postgres://127.0.0.1:1/x',
  });
  expect((await fetch(`${await urlOf(serve)}/v1/pipelines/storefront`)).status).toBe(200);
});

test('run serves what it writes, where it is told a port', async () => {
  const { env } = await scene();
  const worker = command(['run', STOREFRONT, '--port', '0'], env);
  const url = await urlOf(worker);
  const produced = await scalestream(['produce', '--simulate', '--events', '200', '--rate', '10000'], env);
  expect(produced.code, produced.err).toBe(0);
  const client = metricsClient(url);
  let events = 0;
  while (events < 200) {
    const answer = await client.v1.pipelines[':pipeline'].windows[':table'].$get({
      param: { pipeline: 'storefront', table: 'product_trade' },
      query: { limit: '10000', measures: 'events' },
    });
    const { data } = await answer.json();
    events = data.reduce((sum, { measures }) => sum + Number(measures['events']), 0);
  }
  expect(events).toBe(200);
  // what it tells of itself comes with its next report
  let stages: readonly string[] = [];
  while (!stages.includes('delete')) {
    const { data } = await (await client.v1.pipelines[':pipeline'].$get({ param: { pipeline: 'storefront' } })).json();
    stages = data.stages.map(({ stage }) => stage);
    expect(data.verdict.text).toMatch(/^storefront (keeps up|waits|begins|is behind)/);
    expect(data.workers[0]?.vitals?.rssBytes ?? 50_000_000).toBeGreaterThan(40_000_000);
  }
  expect(stages).toEqual(['receive', 'decode', 'gather', 'transaction', 'delete']);
  worker.child.kill('SIGINT');
  expect((await worker.ended).code).toBe(0);
});

const rawly = (url: string, bytes: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let said = '';
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('utf8');
    socket.on('data', (data: string) => (said += data));
    socket.on('error', reject);
    socket.on('close', () => resolve(said));
  });
