import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listen, type MetricsApi, readDatabase, metricsApi, type WindowsAnswer } from '../../../src/server/index.ts';
import { postgresPlace, type PostgresPlace } from '../../support/postgres-place.ts';
import { postgresProxy } from '../../support/postgres-proxy.ts';
import { type Served, serving } from '../shop.ts';
import { kinds, world } from './kinds.ts';
import { held, sse, type SseClient, type WindowsData } from './sse.ts';

const P = '/v1/pipelines/kinds';
let place: PostgresPlace;
let served: Served;
let app: MetricsApi;
let flush: Awaited<ReturnType<typeof world>>['flush'];
let pass: Awaited<ReturnType<typeof world>>['pass'];
beforeAll(async () => {
  place = await postgresPlace();
  ({ flush, pass } = await world(place));
  await flush([
    { product: 'tea', second: 1 },
    { product: 'tea', second: 12 },
    { product: 'coffee', second: 12 },
  ]);
  served = serving(place, [kinds]);
  app = served.app;
});
afterAll(() => served.close());

const follow = async (query: string, api = app, init: RequestInit = {}): Promise<SseClient> => {
  const response = await api.request(`${P}/stream?${query}`, init);
  expect(response.status, response.status === 200 ? '' : await response.text()).toBe(200);
  return sse(response.body);
};
const windowsOf = async (client: SseClient): Promise<WindowsData> =>
  JSON.parse((await client.next('windows')).data) as WindowsData;

describe('a stream', () => {
  test('begins with the latest windows, in the JSON of their route, and goes on with what changes', async () => {
    const client = await follow('table=minutes&stats=false&key.product=tea&measures=n');
    const route = await app.request(`${P}/windows/minutes?key.product=tea&measures=n`);
    const { data, meta } = (await route.json()) as WindowsAnswer;
    const first = await windowsOf(client);
    expect(first).toEqual({
      table: 'minutes',
      rows: data,
      meta: { watermark: meta.watermark, final: meta.final, from: null, asOf: first.meta.asOf },
    });
    await flush([{ product: 'coffee', second: 13 }]);
    await flush([{ product: 'tea', second: 13 }]);
    const { rows } = await windowsOf(client);
    expect(rows).toMatchObject([{ key: { product: 'tea' }, measures: { n: 2 }, state: 'open', revision: 2 }]);
  });

  test('tells how far the pipeline is, in the JSON of its route', async () => {
    const client = await follow('table=minutes');
    const { data } = await client.next('stats');
    expect(JSON.parse(data)).toMatchObject({
      data: { name: 'kinds', tables: expect.any(Array) },
      meta: { asOf: expect.any(String) },
    });
  });

  test('tells of all tables where none is named, and passes on that windows are final, and then revised', async () => {
    const client = await follow('stats=false');
    const tables = new Set<string>();
    while (tables.size < 4) tables.add((await windowsOf(client)).table);
    const state = async (state: string): Promise<WindowsData['rows']> => {
      for (;;) {
        const { table, rows } = await windowsOf(client);
        if (table === 'minutes' && rows.some((row) => row.state === state)) return rows;
      }
    };
    await pass(15);
    expect((await state('final'))[0]).toMatchObject({ key: { product: 'tea' }, start: '2026-01-01T00:00:00.000Z' });
    await flush([{ product: 'tea', second: 2 }]);
    expect((await state('revised'))[0]).toMatchObject({ key: { product: 'tea' }, measures: { n: 2 } });
  });

  test('tells of a session that took in others that these are gone', async () => {
    const client = await follow('table=visits&key.product=cup&stats=false');
    const dashboard = held();
    await client.next('windows').then(dashboard.take);
    await flush([
      { product: 'cup', second: 100 },
      { product: 'cup', second: 130 },
    ]);
    await client.next('windows').then(dashboard.take);
    expect(dashboard.rows('visits')).toHaveLength(2);
    await flush([{ product: 'cup', second: 115 }]);
    await client.next('windows').then(dashboard.take);
    expect(dashboard.rows('visits')).toMatchObject([{ measures: { n: 3 } }]);
  });

  test('holds no more than limit windows: it tells from which on', async () => {
    const client = await follow('table=minutes&limit=1&stats=false&key.product=tea');
    expect(await windowsOf(client)).toMatchObject({
      rows: [{ start: '2026-01-01T00:00:10.000Z' }],
      meta: { from: '2026-01-01T00:00:10.000Z' },
    });
  });

  test('is refused where more windows of one start are there than it may hold; a table that nobody named is left out', async () => {
    await flush([
      { product: 'oil', second: 150 },
      { product: 'rice', second: 150 },
    ]);
    const response = await app.request(`${P}/stream?table=minutes&limit=1`);
    expect([response.status, await response.json()]).toMatchObject([422, { code: 'too-much' }]);
    const client = await follow('limit=1&stats=false');
    expect(JSON.parse((await client.next('trouble')).data)).toMatchObject({ table: 'minutes', code: 'too-much' });
    await client.next('windows');
  });

  test('shows what a flush wrote before it looked and committed after it, also to who comes back to another server', async () => {
    const client = await follow('table=minutes&stats=false');
    await windowsOf(client);
    // the flush waits in the middle: one of its windows is written, the other is somebody else's
    const other = place.session();
    await other('begin');
    await other(`select from minutes where product = 'tea' and window_start = '2026-01-01T00:00:10Z' for update`);
    const flushed = flush([
      { product: 'bread', second: 3 },
      { product: 'tea', second: 14 },
    ]);
    await place.waiting(1);
    await flush([{ product: 'salt', second: 70 }]);
    expect((await windowsOf(client)).rows).toMatchObject([{ key: { product: 'salt' } }]);
    const id = client.lastEventId();
    await client.cut();
    const elsewhere = await follow('table=minutes&stats=false', served.api(), { headers: { 'last-event-id': id } });
    expect((await windowsOf(elsewhere)).rows.filter(({ key }) => key['product'] === 'bread')).toEqual([]);
    await other('commit');
    await flushed;
    expect(new Set((await windowsOf(elsewhere)).rows.map(({ key }) => key['product']))).toEqual(
      new Set(['bread', 'tea']),
    );
  });

  test('is not told twice what changed beside a transaction that runs on and on', async () => {
    const other = place.session();
    await other('begin');
    await other('select pg_current_xact_id()');
    const client = await follow('table=minutes&stats=false');
    await windowsOf(client);
    await flush([{ product: 'one', second: 200 }]);
    expect((await windowsOf(client)).rows).toMatchObject([{ key: { product: 'one' } }]);
    await flush([{ product: 'two', second: 200 }]);
    expect((await windowsOf(client)).rows).toMatchObject([{ key: { product: 'two' } }]);
    await other('commit');
  });

  test.each([
    ['what is no id', 'nonsense'],
    ['an id of another question', 'trend'],
    ['an id of another database', 'database'],
  ])('begins anew, and says so, for %s', async (_, which) => {
    let id = which;
    if (which === 'trend' || which === 'database') {
      const other = await follow(`table=${which === 'trend' ? 'trend' : 'minutes'}&stats=false`);
      ({ id } = await other.next('windows'));
    }
    if (which === 'database')
      id = Buffer.from(
        Buffer.from(id, 'base64url')
          .toString()
          .replace(/"\d+\//, '"1/'),
      ).toString('base64url');
    const client = await follow(`table=minutes&stats=false&lastEventId=${id}`);
    expect(JSON.parse((await client.next()).data)).toEqual({
      table: 'minutes',
      reason: 'what you hold cannot be gone on from',
    });
    expect((await windowsOf(client)).rows.length).toBeGreaterThan(2);
  });

  test('goes on for who comes back with the parameter instead of the header', async () => {
    const client = await follow('table=minutes&stats=false');
    const { id } = await client.next('windows');
    await client.cut();
    await flush([{ product: 'jam', second: 300 }]);
    const again = await follow(`table=minutes&stats=false&lastEventId=${id}`);
    const event = await again.next();
    expect(event.event).toBe('windows');
    expect((JSON.parse(event.data) as WindowsData).rows.map(({ key }) => key['product'])).toContain('jam');
  });

  test.each([
    ['table=nothing', 400, 'parameter'],
    ['key.product=tea', 400, 'parameter'],
    ['table=minutes&key.nothing=1', 400, 'parameter'],
    ['table=minutes&measures=nothing', 400, 'parameter'],
    ['limit=0', 400, 'parameter'],
    ['stats=maybe', 400, 'parameter'],
    ['from=yesterday', 400, 'parameter'],
    ['bucket=hour', 400, 'parameter'],
  ])('%s is a problem before it begins', async (query, status, code) => {
    const response = await app.request(`${P}/stream?${query}`);
    expect([response.status, response.headers.get('content-type'), await response.json()]).toMatchObject([
      status,
      'application/problem+json',
      { code },
    ]);
  });
});

describe('who reads slowly', () => {
  /** Resolves when somebody else was told of this. */
  const untilTold = async (product: string, client: SseClient): Promise<void> => {
    while (!(await windowsOf(client)).rows.some(({ key }) => key['product'] === product));
  };

  test('is sent the last contents of each window, once', async () => {
    const [slow, other] = [await follow('table=minutes&stats=false'), await follow('table=minutes&stats=false')];
    await slow.next('windows');
    for (const product of ['s1', 's2', 's1', 's3']) {
      await flush([{ product, second: 700 }]);
      await untilTold(product, other);
    }
    const { rows } = await windowsOf(slow);
    expect(new Set(rows.map(({ key, measures }) => `${String(key['product'])}: ${String(measures['n'])}`))).toEqual(
      new Set(['s1: 2', 's2: 1', 's3: 1']),
    );
    expect(rows).toHaveLength(3);
  });

  test('begins anew where it left more than is held for it', async () => {
    const query = 'table=minutes&stats=false&limit=3&from=2026-01-01T00:13:00Z';
    const [slow, other] = [await follow(query), await follow(query)];
    await slow.next('windows');
    for (let i = 0; i < 10; i++) {
      await flush([{ product: `t${i}`, second: 800 + i * 10 }]);
      await untilTold(`t${i}`, other);
    }
    expect(JSON.parse((await slow.next()).data)).toMatchObject({ table: 'minutes' });
    expect((await windowsOf(slow)).rows.map(({ key }) => key['product'])).toEqual(['t9', 't8', 't7']);
  });
});

test('five hundred who follow the same cost the database what one costs', async () => {
  let looks = 0;
  const database = readDatabase({ url: place.url, connections: 2 });
  const counting = metricsApi({
    pipelines: [kinds],
    database: {
      ...database,
      read: (statement, parameters) => {
        if (statement.includes('"$written"')) looks++;
        return database.read(statement, parameters);
      },
    },
  });
  const clients = await Promise.all(Array.from({ length: 500 }, () => follow('table=minutes&stats=false', counting)));
  await Promise.all(clients.map((client) => client.next('windows')));
  const before = looks;
  await flush([{ product: 'all', second: 400 }]);
  const rows = await Promise.all(clients.map(async (client) => (await windowsOf(client)).rows));
  expect(rows.every(([row]) => row?.key['product'] === 'all')).toBe(true);
  // all were told by one look
  expect(looks - before).toBeLessThan(20);
  await Promise.all(clients.map((client) => client.cut()));
  await database.close();
});

test('without the database a stream stays, says so, and tells what it missed once the database is back; none begins meanwhile', async () => {
  const proxy = await postgresProxy(place.url);
  const database = readDatabase({ url: proxy.url, connections: 2, statementMs: 1_000 });
  const api = metricsApi({ pipelines: [kinds], database });
  const client = await follow('table=minutes&stats=false', api);
  await windowsOf(client);
  await proxy.door('refuse');
  proxy.cutAll();
  expect(JSON.parse((await client.next('trouble')).data)).toMatchObject({
    table: 'minutes',
    code: 'database',
    status: 503,
  });
  const refused = await api.request(`${P}/stream?table=trend`);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2']);
  await flush([{ product: 'missed', second: 500 }]);
  await proxy.door('open');
  expect((await windowsOf(client)).rows).toMatchObject([{ key: { product: 'missed' } }]);
  await client.cut();
  await database.close();
  await proxy.close();
});

describe('over a connection', () => {
  test('a stop says bye to streams, and does not wait for them; nothing begins after it', async () => {
    const server = await listen(app, { port: 0 });
    const response = await fetch(`${server.url}${P}/stream?table=minutes`);
    const client = sse(response.body as ReadableStream<Uint8Array>);
    await client.next('windows');
    await server.close(60_000);
    expect((await client.rest()).at(-1)).toMatchObject({ event: 'bye' });
  });

  test('a stop while a stream begins ends it too', async () => {
    const stop = new AbortController();
    const database = readDatabase({ url: place.url, connections: 1 });
    const stopping = metricsApi({
      pipelines: [kinds],
      database: {
        ...database,
        read(statement, parameters) {
          stop.abort();
          return database.read(statement, parameters);
        },
      },
    });
    const response = await stopping.request(`${P}/stream`, {}, { stopping: stop.signal });
    expect((await sse(response.body).rest()).map(({ event }) => event)).toEqual(['bye']);
    const refused = await stopping.request(`${P}/stream`, {}, { stopping: stop.signal });
    expect(refused.status).toBe(503);
    await database.close();
  });

  test('a stream outlives the limit of a request, and gives signs of life', { timeout: 30_000 }, async () => {
    const api = served.api({ streams: { heartbeatMs: 50 } });
    const server = await listen(api, { port: 0 });
    const response = await fetch(`${server.url}${P}/stream?table=minutes&stats=false`);
    const client = sse(response.body as ReadableStream<Uint8Array>);
    await client.next('windows');
    const until = performance.now() + 12_000;
    let n = 0;
    while (performance.now() < until) {
      await flush([{ product: 'late', second: 600 + n++ }]);
      await client.next('windows');
    }
    expect(client.comments()).toBeGreaterThan(0);
    await client.cut();
    await server.close(100);
  });
});
