import { afterAll, beforeAll, expect, test } from 'vitest';
import { type MetricsApi, metricsApi, readDatabase, type ReadDatabase } from '../../src/server/index.ts';
import { answerCache, jsonDraft } from '../../src/server/answer-cache.ts';
import { understand } from '../../src/server/understand.ts';
import { windowsStatement } from '../../src/server/window-query.ts';
import { orderPipeline, order, run, sent } from '../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../support/postgres-place.ts';
import type { Store } from '../../src/index.ts';

const graph = orderPipeline();
const AT = '/v1/pipelines/orders/windows/trade';

let place: PostgresPlace;
let database: ReadDatabase;
let store: Store;
let questions = 0;
/** Counts what is asked of the database. */
const api = (staleMs: number): MetricsApi =>
  metricsApi({
    pipelines: [graph],
    cache: { staleMs },
    database: {
      ...database,
      read(statement, parameters) {
        questions++;
        return database.read(statement, parameters);
      },
    },
  });

beforeAll(async () => {
  place = await postgresPlace();
  store = await place.open(graph);
  await run(graph, store, [sent(order('1'))]);
  database = readDatabase({ url: place.url, connections: 2 });
});
afterAll(async () => {
  await database.close();
  await place.close();
});

test('a hundred dashboards that ask the same at once are one question, also in another order of words; one that asks another thing is another', async () => {
  const app = api(60_000);
  questions = 0;
  const queries = ['limit=5&order=asc', 'order=asc&limit=5'];
  await Promise.all(Array.from({ length: 100 }, async (_, i) => app.request(`${AT}?${queries[i % 2]}`)));
  expect(questions).toBe(1);
  await app.request(`${AT}?limit=6&order=asc`);
  expect(questions).toBe(2);
});

test('an answer is no older than the cache may be stale', async () => {
  const fresh = api(0);
  const kept = api(60_000);
  const revenue = async (app: MetricsApi): Promise<unknown> =>
    ((await (await app.request(`${AT}?measures=cents`)).json()) as { data: { measures: unknown }[] }).data[0]?.measures;
  expect([await revenue(fresh), await revenue(kept)]).toEqual([{ cents: 100 }, { cents: 100 }]);
  await run(graph, store, [sent(order('2', { cents: 7 }))]);
  expect([await revenue(fresh), await revenue(kept)]).toEqual([{ cents: 107 }, { cents: 100 }]);
});

test('what has not changed is not sent again: the same strong ETag, and 304 for who has it', async () => {
  const app = api(0);
  const first = await app.request(AT);
  const body = await first.text();
  const etag = first.headers.get('etag') ?? '';
  expect(etag).toMatch(/^"[\w-]{20,}"$/);
  const again = await app.request(AT);
  expect([again.headers.get('etag'), await again.text()]).toEqual([etag, body]);
  for (const header of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
    const response = await app.request(AT, { headers: { 'if-none-match': header } });
    expect([response.status, await response.text(), response.headers.get('etag')]).toEqual([304, '', etag]);
  }
  await run(graph, store, [sent(order('3'))]);
  const changed = await app.request(AT, { headers: { 'if-none-match': etag } });
  expect(changed.status).toBe(200);
  expect(changed.headers.get('etag')).not.toBe(etag);
});

test('a failure is nobody else’s answer', async () => {
  const cache = answerCache({ staleMs: 60_000 });
  let n = 0;
  const make = () =>
    n++ === 0 ? Promise.reject(new Error('away')) : Promise.resolve(jsonDraft('"data":[]', {}, 'now'));
  await expect(cache.get('x', make)).rejects.toThrow('away');
  expect((await cache.get('x', make)).answer.body).toBe('{"data":[],"meta":{"asOf":"now"}}');
});

test('the server can write nothing, whatever it is asked', async () => {
  await expect(database.read('delete from trade')).rejects.toMatchObject({ parts: { status: 503 } });
  const [row] = await place.query<{ n: string }>('select count(*) as n from trade');
  expect(Number(row?.n)).toBeGreaterThan(0);
});

test('statements of people are not kept by the server: they differ', async () => {
  const app = api(0);
  for (let limit = 1; limit < 40; limit++) await app.request(`${AT}?limit=${limit}`);
  const [row] = await database.read<{ n: string }>('select count(*)::text as n from pg_prepared_statements');
  expect(row?.n).toBe('0');
});

test('more questions than may wait are told to come again, and the others are answered', async () => {
  const own = readDatabase({ url: place.url, connections: 1 });
  try {
    const all = Array.from({ length: 300 }, () =>
      own.read('select 1').then(
        () => 'answered',
        (error: { parts: { status: number } }) => error.parts.status,
      ),
    );
    const results = await Promise.all(all);
    expect(new Set(results)).toEqual(new Set(['answered', 503]));
    expect(results.filter((result) => result === 'answered')).toHaveLength(201);
  } finally {
    await own.close();
  }
});

test('a statement that takes too long, and a database that is away, are told as such; the process lives on', async () => {
  const hasty = readDatabase({ url: place.url, connections: 1, statementMs: 50 });
  const away = readDatabase({ url: 'postgres://127.0.0.1:1/nowhere', connections: 1 });
  try {
    await expect(hasty.read('select pg_sleep(2)')).rejects.toMatchObject({ parts: { status: 503, code: 'slow' } });
    const app = metricsApi({ pipelines: [graph], database: away });
    for (const path of [AT, '/v1/pipelines/orders', '/v1/pipelines']) {
      const response = await app.request(path);
      expect([response.status, await response.json()]).toMatchObject([503, { code: 'database', got: 'ECONNREFUSED' }]);
      expect(response.headers.get('retry-after')).toBe('2');
    }
    expect((await app.request('/readyz')).status).toBe(503);
    expect((await app.request('/livez')).status).toBe(200);
  } finally {
    await hasty.close();
    await away.close();
  }
});

test('a page is cut out of the primary key, and open windows are found by their index, however many there are', async () => {
  await place.query(`insert into trade (window_start, product, orders, cents, mean_sum, mean_count, final_revision)
    select timestamptz '2020-01-01' + n * interval '10 seconds', 'p' || n % 5, 1, 1, 1, 1, 1 from generate_series(1, 50000) n`);
  await place.query('vacuum analyze trade');
  const table = graph.windows[0] ?? expect.fail();
  const planOf = async (query: string, after?: readonly string[]): Promise<string> => {
    const { asked } = understand(table, new URLSearchParams(query), { name: '', scopes: [], keys: {} });
    const { text, parameters } = windowsStatement(graph, table, asked, after);
    const rows = await database.read<{ 'QUERY PLAN': string }>(`explain ${text}`, parameters);
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  };
  expect(await planOf('limit=10')).toMatch(/Index Scan Backward using trade_pkey/);
  expect(await planOf('limit=10&order=asc')).toMatch(/Index Scan using trade_pkey/);
  const paged = await planOf('limit=10', ['1600000000000000', 'p1']);
  expect(paged).toMatch(/Index Scan Backward using trade_pkey[^]*Index Cond: \(ROW\(/);
  expect(await planOf('state=open')).toMatch(/trade\$open/);
  for (const plan of [await planOf('limit=10'), paged, await planOf('state=open')])
    expect(plan).not.toMatch(/Seq Scan on trade/);
});
