import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import baskets from '../../src/pipelines/baskets.ts';
import abandonedCarts from '../../src/pipelines/abandoned-carts.ts';
import distinctBuyers from '../../src/pipelines/distinct-buyers.ts';
import storefront from '../../src/pipelines/storefront.ts';
import {
  type EventsAnswer,
  type KeysAnswer,
  metricsClient,
  type PipelineAnswer,
  readDatabase,
  type RejectsAnswer,
  type WindowsAnswer,
} from '../../src/server/index.ts';
import { END, type Served, served, START } from './shop.ts';

let shop: Served;
beforeAll(async () => {
  shop = await served([storefront, distinctBuyers, abandonedCarts, baskets]);
});
afterAll(() => shop.close());

async function get<T>(path: string): Promise<T> {
  const response = await shop.app.request(path);
  const text = await response.text();
  expect(response.status, text).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/json');
  return JSON.parse(text) as T;
}

test('a pipeline tells its tables, its watermark, why it is held, its workers and rejects', async () => {
  const { data, meta } = await get<PipelineAnswer>('/v1/pipelines/storefront');
  expect(data).toMatchObject({
    name: 'storefront',
    version: storefront.version,
    declared: storefront.version,
    held: expect.stringMatching(/worker|no workers/),
    events: { table: 'shop_events', keepDays: 90, late: 'revise' },
    outbox: [],
  });
  expect(data.tables.map(({ name, of }) => [name, of])).toEqual([
    ['product_trade', 'shop_events'],
    ['country_sales', 'shop_events'],
  ]);
  expect(data.tables[0]?.open).toBeGreaterThan(0);
  expect(data.workers).toMatchObject([{ worker: 'worker', state: 'live' }]);
  expect(Object.values(data.rejects).reduce((sum, n) => sum + n, 0)).toBeGreaterThan(0);
  expect(meta).toMatchObject({ watermark: new Date(END - 6 * 3_600_000).toISOString() });
});

test('the values of a key are there to choose from, by their beginning, page after page', async () => {
  const [{ all }] = (await shop.place.query<{ all: string }>(
    `select json_agg(distinct product collate "C" order by product collate "C")::text as all from product_trade`,
  )) as [{ all: string }];
  const products = JSON.parse(all) as string[];
  const at = '/v1/pipelines/storefront/keys/product_trade';
  const whole = await get<KeysAnswer>(at);
  expect(whole).toMatchObject({
    data: products,
    page: { next: null },
    meta: { column: 'product', type: 'text', complete: true },
  });
  const first = await get<KeysAnswer>(`${at}?limit=2`);
  const second = await get<KeysAnswer>(`${at}?limit=2&cursor=${first.page.next}`);
  expect([...first.data, ...second.data]).toEqual(products.slice(0, 4));
  const some = await get<KeysAnswer>(`${at}?prefix=${encodeURIComponent('(n')}`);
  expect(some.data).toEqual(['(none)']);
  const currencies = await get<KeysAnswer>('/v1/pipelines/storefront/keys/country_sales?column=currency');
  expect(currencies.data.length).toBeGreaterThan(0);
});

test('rejects come with reason and, where it is asked for, with body, the latest first, page after page', async () => {
  const at = '/v1/pipelines/storefront/rejects';
  const all = await get<RejectsAnswer>(`${at}?limit=1000`);
  expect(all.data.length).toBeGreaterThan(3);
  expect(all.data[0]).not.toHaveProperty('body');
  const rejected = all.data.map((each) => each.rejectedAt);
  expect(rejected).toEqual(rejected.toSorted().toReversed());
  const first = await get<RejectsAnswer>(`${at}?limit=2&body=true`);
  const second = await get<RejectsAnswer>(`${at}?limit=2&body=true&cursor=${first.page.next}`);
  const four = [...first.data, ...second.data];
  expect(four.map(({ messageId }) => messageId)).toEqual(all.data.slice(0, 4).map(({ messageId }) => messageId));
  for (const { body, encoding, size } of four) expect(Buffer.byteLength(body ?? '', encoding)).toBe(size);
  const none = await get<RejectsAnswer>(`${at}?reason=too-large`);
  expect(none.data).toEqual([]);
});

test.each([
  ['a tumbling window', '/v1/pipelines/storefront/windows/product_trade', 'events'],
  ['a window of filtered events', '/v1/pipelines/storefront/windows/country_sales', 'purchases'],
  ['a hopping window', '/v1/pipelines/distinct_buyers/windows/buyers', 'conversion_denominator'],
])('the events of %s are as many as it counts, page after page', async (_, at, counted) => {
  const { data } = await get<WindowsAnswer>(`${at}?top=${counted}&limit=3`);
  for (const { start, end, key, measures } of data) {
    const query = new URLSearchParams({ start, limit: '2' });
    for (const [column, value] of Object.entries(key)) query.set(`key.${column}`, String(value));
    const found: EventsAnswer['data'][number][] = [];
    for (;;) {
      const { data: events, page, meta } = await get<EventsAnswer>(`${at}/events?${query.toString()}`);
      found.push(...events);
      expect(meta).toMatchObject({ start, end, key, unreadable: 0, complete: page.next === null });
      if (page.next === null) break;
      query.set('cursor', page.next);
    }
    expect(found).toHaveLength(Number(measures[counted]));
    expect(new Set(found.map(({ id }) => id)).size).toBe(found.length);
    expect(found.every(({ time }) => time >= start && time < end)).toBe(true);
  }
});

test('the events of a session are those of its user; those of windows over windows are to be asked for below', async () => {
  const at = '/v1/pipelines/abandoned_carts/windows/visits';
  const { data } = await get<WindowsAnswer>(`${at}?top=carts&limit=1`);
  const [{ start, end, key, measures } = expect.fail()] = data;
  const query = new URLSearchParams({ start, limit: '1000', 'key.user': String(key['user']) });
  const events = await get<EventsAnswer>(`${at}/events?${query.toString()}`);
  const all = events.data.map(({ event }) => event as { type: string; user: string; at: string });
  expect(all.filter(({ type }) => type === 'add_to_cart')).toHaveLength(Number(measures['carts']));
  expect(all.every((event) => event.user === key['user'] && event.at >= start && event.at < end)).toBe(true);
  const over = await shop.app.request(
    `/v1/pipelines/abandoned_carts/windows/abandoned_carts/events?start=${start}&key.campaign=x`,
  );
  expect([over.status, await over.json()]).toMatchObject([404, { fix: expect.stringMatching(/'visits'/) }]);
});

test('a question for events that reads more than it may says so, and goes on from there', async () => {
  const app = shop.api({ limits: { maxEvents: 1 } });
  const { data } = await get<WindowsAnswer>('/v1/pipelines/baskets/windows/baskets?top=mean_count&limit=1');
  const [{ start, key, measures } = expect.fail()] = data;
  const query = new URLSearchParams({ start, 'key.currency': String(key['currency']) });
  let n = 0;
  for (;;) {
    const response = await app.request(`/v1/pipelines/baskets/windows/baskets/events?${query.toString()}`);
    const answer = (await response.json()) as EventsAnswer;
    n += answer.data.length;
    expect(answer.meta.read).toBeLessThanOrEqual(1);
    if (answer.page.next === null) break;
    query.set('cursor', answer.page.next);
  }
  expect(n).toBe(Number(measures['mean_count']));
});

test.each<[string, number, Record<string, unknown>]>([
  ['/v1/pipelines/storefrnt', 404, { code: 'pipeline', fix: "did you mean 'storefront'?" }],
  ['/v1/pipelines/storefront/windows/produkt_trade', 404, { code: 'table', fix: "did you mean 'product_trade'?" }],
  ['/v1/pipelines/storefront/windows/shop_events', 404, { code: 'table' }],
  [
    '/v1/pipelines/storefront/windows/product_trade?fromm=2026-01-01T00:00:00Z',
    400,
    { code: 'parameter', fix: "did you mean 'from'?" },
  ],
  ['/v1/pipelines/storefront/windows/product_trade?from=2026-01-01', 400, { got: "'2026-01-01'" }],
  [
    '/v1/pipelines/storefront/windows/product_trade?from=2026-01-01T00:00:00+02:00',
    400,
    { fix: "write '+' as %2B, or use Z" },
  ],
  ['/v1/pipelines/storefront/windows/product_trade?limit=0', 400, { expected: 'a whole number from 1 to 10000' }],
  ['/v1/pipelines/storefront/windows/product_trade?limit=1&limit=2', 400, { expected: 'it once' }],
  ['/v1/pipelines/storefront/windows/product_trade?key.produkt=a', 400, { fix: "did you mean 'key.product'?" }],
  ['/v1/pipelines/storefront/windows/product_trade?measures=evnts', 400, { fix: "did you mean 'events'?" }],
  ['/v1/pipelines/storefront/windows/product_trade?top=product', 400, { code: 'parameter' }],
  ['/v1/pipelines/storefront/windows/product_trade?bucket=hour', 400, { expected: 'from and to with it' }],
  ['/v1/pipelines/storefront/windows/product_trade?fill=zero', 400, { fix: 'add bucket=hour' }],
  [
    '/v1/pipelines/storefront/windows/product_trade?bucket=fortnight&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z',
    400,
    { code: 'question' },
  ],
  [
    '/v1/pipelines/storefront/windows/product_trade?bucket=15%20seconds&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z',
    400,
    { fix: 'take a multiple' },
  ],
  [
    '/v1/pipelines/storefront/windows/product_trade?bucket=hour&zone=Europe/Berln&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z',
    400,
    { code: 'question' },
  ],
  [
    '/v1/pipelines/storefront/windows/product_trade?bucket=minute&from=2026-01-01T00:00:00Z&to=2026-02-02T00:00:00Z',
    422,
    { expected: 'at most 10000 buckets' },
  ],
  ['/v1/pipelines/storefront/windows/product_trade?cursor=abc', 400, { title: "parameter 'cursor'" }],
  [
    '/v1/pipelines/storefront/windows/product_trade/events?start=2026-01-01T00:00:00Z',
    400,
    { title: "parameter 'key.product'" },
  ],
  [
    '/v1/pipelines/storefront/windows/product_trade/events?start=2026-01-01T00:00:00Z&key.product=x',
    404,
    { code: 'window' },
  ],
  ['/v1/pipelines?x=1', 400, { expected: 'no parameters' }],
  ['/v2', 404, { code: 'route' }],
])('%s is %i, in problem details that say why', async (path, status, parts) => {
  const response = await shop.app.request(path);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const body = (await response.json()) as Record<string, unknown>;
  expect([response.status, body]).toMatchObject([
    status,
    { status, type: `urn:scalestream:problem:${body['code'] as string}`, ...parts },
  ]);
  expect(body['detail']).toBe(
    `expected ${body['expected'] as string}; got ${body['got'] as string}. Fix: ${body['fix'] as string}`,
  );
});

test('a cursor of another question is refused', async () => {
  const at = '/v1/pipelines/storefront/windows/product_trade';
  const { page } = await get<WindowsAnswer>(`${at}?limit=1`);
  const other = await shop.app.request(`${at}?limit=1&order=asc&cursor=${page.next}`);
  expect([other.status, await other.json()]).toMatchObject([400, { got: 'one of another question' }]);
});

test('a question that would read more windows than it may is refused with the limit, and a page in order is not', async () => {
  const app = shop.api({ limits: { maxWindows: 50 } });
  const at = '/v1/pipelines/storefront/windows/product_trade';
  for (const query of ['top=events', 'state=final', 'key.product=x']) {
    const refused = await app.request(`${at}?${query}`);
    expect([refused.status, await refused.json()]).toMatchObject([422, { code: 'too-much', got: 'more than 50' }]);
  }
  expect((await app.request(`${at}?limit=40`)).status).toBe(200);
  expect((await app.request('/v1/pipelines/distinct_buyers/windows/buyers')).status).toBe(422);
  expect((await app.request('/v1/pipelines/abandoned_carts/windows/visits')).status).toBe(422);
});

test('a database that lacks the tables is told as such, with 503', async () => {
  const { default: topProducts } = await import('../../src/pipelines/top-products.ts');
  const app = shop.api({ pipelines: [topProducts] });
  for (const path of ['', '/windows/top_products', '/keys/top_products', '/rejects']) {
    const response = await app.request(`/v1/pipelines/top_products${path}`);
    expect([response.status, await response.json()]).toMatchObject([503, { code: 'not-migrated' }]);
  }
  expect((await app.request('/readyz')).status).toBe(503);
  const all = (await (await app.request('/v1/pipelines')).json()) as { data: { version: string | null }[] };
  expect(all.data).toMatchObject([{ name: 'top_products', version: null, watermark: null }]);
});

test('the document of the routes is OpenAPI 3.1: a path for each table with its keys, measures and units, every route among them answers', async () => {
  const client = metricsClient('http://localhost', { fetch: shop.app.request });
  const document = (await (await client['openapi.json'].$get()).json()) as {
    openapi: string;
    paths: Record<
      string,
      { get?: { parameters?: { name: string; required?: boolean }[]; responses: Record<string, unknown> } }
    >;
  };
  expect(document.openapi).toBe('3.1.0');
  const windows = document.paths['/v1/pipelines/baskets/windows/baskets'];
  expect(windows?.get?.parameters?.map(({ name }) => name)).toContain('key.currency');
  expect(JSON.stringify(windows)).toMatch(/"cents_p50":\{"type":\["number","null"\],[^}]*"x-unit":"cent"\}/);
  for (const [path, { get: operation }] of Object.entries(document.paths)) {
    if (!operation || operation.parameters?.some(({ required }) => required)) continue;
    const response = await shop.app.request(path);
    expect(response.status, path).toBe(200);
    await response.body?.cancel();
  }
});

test('a role that may only read is enough for every route', async () => {
  const role = `reader_${randomBytes(6).toString('hex')}`;
  await shop.place.query(`create role ${role} login password 'secret'; grant usage on schema public, scalestream to ${role};
    grant select on all tables in schema public, scalestream to ${role}`);
  const url = new URL(shop.place.url);
  url.username = role;
  url.password = 'secret';
  const database = readDatabase({ url: url.href, connections: 1 });
  try {
    const app = shop.api({ database });
    const span = `from=${new Date(START).toISOString()}&to=${new Date(END).toISOString()}`;
    const paths = [
      '/readyz',
      ...[storefront, distinctBuyers, abandonedCarts].flatMap(({ name, windows, over }) => {
        const at = `/v1/pipelines/${name}`;
        const ofTable = (table: string): string[] => [
          `windows/${table}`,
          `windows/${table}?bucket=day&${span}&fill=zero`,
          `keys/${table}`,
        ];
        return [
          at,
          `${at}/rejects`,
          ...[...windows, ...over].flatMap((table) => ofTable(table.name).map((path) => `${at}/${path}`)),
        ];
      }),
    ];
    for (const path of paths) expect((await app.request(path)).status, path).toBe(200);
    const stream = await app.request('/v1/pipelines/storefront/stream');
    expect(stream.status).toBe(200);
    await stream.body?.cancel();
    const [{ start, key } = expect.fail()] = (
      await get<WindowsAnswer>('/v1/pipelines/storefront/windows/product_trade?limit=1')
    ).data;
    const query = new URLSearchParams({ start, 'key.product': String(key['product']) });
    const events = await app.request(`/v1/pipelines/storefront/windows/product_trade/events?${query.toString()}`);
    expect(((await events.json()) as EventsAnswer).data.length).toBeGreaterThan(0);
  } finally {
    await database.close();
    await shop.place.query(`drop owned by ${role}; drop role ${role}`);
  }
});

test('livez, readyz and version tell of the process; one that is stopping is not ready', async () => {
  expect(await get('/livez')).toEqual({ status: 'ok' });
  expect(await get('/readyz')).toEqual({ status: 'ok' });
  expect(await get('/version')).toMatchObject({
    node: process.versions.node,
    pipelines: { storefront: storefront.version },
  });
  const stopping = await shop.api({ isStopping: () => true }).request('/readyz');
  expect(stopping.status).toBe(503);
});
