import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { listen, metricsApi, type MetricsApiOptions, readDatabase, type ReadDatabase } from '../../src/server/index.ts';
import { serverCounts, type ServerCounts } from '../../src/server/server-counts.ts';
import { order, orderPipeline, run, sent } from '../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../support/postgres-place.ts';

const graph = orderPipeline();
const AT = '/v1/pipelines/orders/windows/trade';

let place: PostgresPlace;
let database: ReadDatabase;

beforeAll(async () => {
  place = await postgresPlace();
  const store = await place.open(graph);
  await run(graph, store, [sent(order('1')), sent(order('2', { product: 'tea' }))]);
  database = readDatabase({ url: place.url, connections: 2 });
});
afterAll(async () => {
  await database.close();
  await place.close();
});

interface Said {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** A server whose answers are kept for a minute: what is asked twice is answered without being thought over. */
async function serving(options: Partial<MetricsApiOptions> = {}) {
  const counts = serverCounts();
  const api = metricsApi({ pipelines: [graph], database, cache: { staleMs: 60_000 }, counts, ...options });
  const server = await listen(api, { port: 0 });
  onTestFinished(() => server.close(0));
  const ask = (path: string, headers: Record<string, string> = {}, localAddress = '127.0.0.1'): Promise<Said> =>
    new Promise((resolve, reject) => {
      const asked = request(server.url + path, { headers, localAddress }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
      });
      asked.on('error', reject).end();
    });
  return { ask, counts };
}

const counted = (counts: ServerCounts) =>
  counts
    .requests()
    .map(({ method, route, status, seconds }) => [
      `${method} ${route} ${status}`,
      seconds.counts.reduce((a, b) => a + b),
    ]);

test('the same request again gets the same answer to the byte, with the same headers, and is counted', async () => {
  const { ask, counts } = await serving();
  const [first, second, third] = [await ask(AT), await ask(AT), await ask(AT)];
  const { date: _, ...headers } = first.headers;
  expect(first.status).toBe(200);
  expect(headers).toMatchObject({ 'content-security-policy': expect.any(String), 'x-content-type-options': 'nosniff' });
  for (const again of [second, third]) expect(again).toMatchObject({ status: 200, body: first.body, headers });
  expect(counted(counts)).toEqual([['GET /v1/pipelines/:pipeline/windows/:table 200', 3]]);
});

test('who has it already is told so, and no content type of nothing', async () => {
  const { ask } = await serving();
  const { headers } = await ask(AT);
  const etag = String(headers['etag']);
  const again = await ask(AT, { 'if-none-match': etag });
  expect([again.status, again.body, again.headers['etag'], again.headers['content-type']]).toEqual([
    304,
    '',
    etag,
    undefined,
  ]);
  expect((await ask(AT, { 'if-none-match': '"other"' })).status).toBe(200);
});

const digest = (token: string): string => createHash('sha256').update(token).digest('hex');
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test('an answer is for nobody with another token, nor without one, nor under another name', async () => {
  const tokens = [
    { name: 'all', sha256: digest('all-of-it'), scopes: ['read'] as const },
    { name: 'tea', sha256: digest('only-tea'), scopes: ['read'] as const, keys: { product: ['tea'] } },
    { name: 'in', sha256: digest('only-in'), scopes: ['ingest'] as const },
  ];
  const { ask } = await serving({ tokens, hosts: ['shop.example'] });
  const all = await ask(AT, bearer('all-of-it'));
  expect(await ask(AT, bearer('all-of-it'))).toMatchObject({ status: 200, body: all.body });
  const tea = await ask(AT, bearer('only-tea'));
  expect(tea.body).not.toBe(all.body);
  expect(await ask(AT, bearer('only-tea'))).toMatchObject({ body: tea.body });
  for (const [headers, status] of [
    [{}, 401],
    [bearer('all-of-i'), 401],
    [bearer('only-in'), 403],
    [{ ...bearer('all-of-it'), host: 'evil.example' }, 421],
  ] as const) {
    for (let time = 0; time < 2; time++) expect((await ask(AT, headers)).status).toBe(status);
  }
});

test('it is held to the rate like any other', async () => {
  const { ask } = await serving({ rateLimit: { perSecond: 0.001, burst: 3 } });
  const statuses = [];
  for (let i = 0; i < 5; i++) statuses.push((await ask(AT)).status);
  expect(statuses).toEqual([200, 200, 200, 429, 429]);
});

test('whoever asks is held to it, not who was given the answer before', async () => {
  const { ask } = await serving({ rateLimit: { perSecond: 0.001, burst: 3 } });
  const statuses = [(await ask(AT)).status];
  for (let i = 0; i < 4; i++) statuses.push((await ask(AT, {}, '127.0.0.2')).status);
  statuses.push((await ask(AT)).status);
  expect(statuses).toEqual([200, 200, 200, 200, 429, 200]);
});

test('problems are thought over each time', async () => {
  const { ask, counts } = await serving();
  for (let i = 0; i < 3; i++) expect((await ask(`${AT}?limit=none`)).status).toBe(400);
  expect(counted(counts)).toEqual([['GET /v1/pipelines/:pipeline/windows/:table 400', 3]]);
});

test('answers take no more memory than they may, however many different ones are asked for', async () => {
  let reads = 0;
  const counting: ReadDatabase = {
    ...database,
    read(statement, parameters) {
      reads++;
      return database.read(statement, parameters);
    },
  };
  const { ask } = await serving({ database: counting, cache: { staleMs: 60_000, maxSize: 8_000 } });
  await ask(`${AT}?limit=1`);
  for (let limit = 2; limit < 12; limit++) await ask(`${AT}?limit=${limit}`);
  const before = reads;
  // the latest is there, the first one is not
  await ask(`${AT}?limit=11`);
  expect(reads).toBe(before);
  await ask(`${AT}?limit=1`);
  expect(reads).toBeGreaterThan(before);
});
