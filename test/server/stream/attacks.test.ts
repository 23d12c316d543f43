import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  asTokens,
  listen,
  type Listening,
  type MetricsApi,
  type MetricsApiOptions,
  type TicketAnswer,
} from '../../../src/server/index.ts';
import { postgresPlace, type PostgresPlace } from '../../support/postgres-place.ts';
import { orderPipeline } from '../../support/orders.ts';
import { type Served, serving } from '../shop.ts';
import { kinds, world } from './kinds.ts';
import { sse, type WindowsData } from './sse.ts';

const digest = (token: string): string => createHash('sha256').update(token).digest('hex');
const TOKENS = asTokens({
  tokens: [
    { name: 'reader', sha256: digest('r-secret'), scopes: ['read'] },
    { name: 'shop', sha256: digest('i-secret'), scopes: ['ingest'] },
    { name: 'tea', sha256: digest('k-secret'), scopes: ['read'], keys: { product: ['tea'] } },
    { name: 'germany', sha256: digest('g-secret'), scopes: ['read'], keys: { country: ['DE'] } },
  ],
});
const P = '/v1/pipelines/kinds';
const as = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

let place: PostgresPlace;
let served: Served;
let flush: Awaited<ReturnType<typeof world>>['flush'];
beforeAll(async () => {
  place = await postgresPlace();
  ({ flush } = await world(place));
  await flush([
    { product: 'tea', second: 1 },
    { product: 'coffee', second: 1 },
  ]);
  served = serving(place, [kinds, orderPipeline()]);
});
afterAll(() => served.close());

const api = (options: Partial<MetricsApiOptions> = {}): MetricsApi => served.api({ tokens: TOKENS, ...options });
const ticketOf = async (app: MetricsApi, query = '', token = 'r-secret'): Promise<TicketAnswer> => {
  const response = await app.request(`/v1/stream-tickets${query}`, { method: 'POST', headers: as(token) });
  expect(response.status).toBe(201);
  return (await response.json()) as TicketAnswer;
};
const codeOf = async (response: Response): Promise<unknown> => {
  const { code } = (await response.json()) as { code?: string };
  return [response.status, code];
};

describe('a ticket', () => {
  test('begins a stream at any server that knows its token, and goes on with the id of an event that it brought', async () => {
    const { ticket, expiresAt } = await ticketOf(api());
    expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now());
    const client = sse((await api().request(`${P}/stream?table=minutes&stats=false&ticket=${ticket}`)).body);
    const { id } = await client.next('windows');
    await client.cut();
    await flush([{ product: 'tea', second: 2 }]);
    const again = sse(
      (
        await api().request(`${P}/stream?table=minutes&stats=false&ticket=${ticket}`, {
          headers: { 'last-event-id': id },
        })
      ).body,
    );
    const event = await again.next();
    expect(event.event).toBe('windows');
    expect((JSON.parse(event.data) as WindowsData).rows).toContainEqual(
      expect.objectContaining({ key: { product: 'tea' }, revision: 2 }),
    );
  });

  test.each([
    ['nothing', () => ''],
    ['a word', () => 'x'],
    ['another name', (ticket: string) => forged(ticket, { name: 'tea' })],
    ['another moment', (ticket: string) => forged(ticket, { issued: Date.now() + 1e9 })],
    ['no signature', (ticket: string) => `${ticket.split('.')[0]}.`],
    ['a longer one', (ticket: string) => `${ticket}.x`],
    ['the digest of a token', () => digest('r-secret')],
    ['a token', () => 'r-secret'],
    ['a very long one', () => 'a'.repeat(5_000)],
  ])('that was made up (%s) is good for nothing', async (_, make) => {
    const app = api();
    const { ticket } = await ticketOf(app);
    const response = await app.request(`${P}/stream?ticket=${make(ticket)}`);
    expect(await codeOf(response)).toEqual([401, 'ticket']);
  });

  test('is good for streams of its pipeline, and for no other route', async () => {
    const app = api();
    const own = await ticketOf(app, '?pipeline=kinds');
    const other = '/v1/pipelines/orders/stream';
    expect(await codeOf(await app.request(`${other}?ticket=${own.ticket}`))).toEqual([401, 'ticket']);
    for (const path of [
      '/v1/pipelines',
      P,
      `${P}/windows/minutes`,
      `${P}/rejects`,
      `${P}/stream/`,
      '/v1/stream-tickets',
      '/version',
      '/openapi.json',
    ]) {
      for (const method of ['GET', 'POST']) {
        const response = await app.request(`${path}?ticket=${own.ticket}`, { method });
        expect([path, response.status]).toEqual([path, 401]);
        const bearer = await app.request(path, { method, headers: as(own.ticket) });
        expect([path, bearer.status]).toEqual([path, 401]);
      }
    }
  });

  test('is given to nobody without a token, with one that may not read, by a page of another site, or for what is not served', async () => {
    const app = api();
    const post = (headers: Record<string, string>, query = ''): Promise<Response> =>
      Promise.resolve(app.request(`/v1/stream-tickets${query}`, { method: 'POST', headers }));
    expect(await codeOf(await post({}))).toEqual([401, 'token']);
    expect(await codeOf(await post(as('i-secret')))).toEqual([403, 'scope']);
    expect(await codeOf(await post({ ...as('r-secret'), origin: 'https://evil.example' }))).toEqual([403, 'site']);
    expect(await codeOf(await post({ ...as('r-secret'), origin: 'null' }))).toEqual([403, 'site']);
    expect(await codeOf(await post({ ...as('r-secret'), 'sec-fetch-site': 'cross-site' }))).toEqual([403, 'site']);
    expect(
      (await post({ ...as('r-secret'), origin: 'http://localhost', 'sec-fetch-site': 'same-origin' })).status,
    ).toBe(201);
    expect(await codeOf(await post(as('r-secret'), '?pipeline=nothing'))).toEqual([404, 'pipeline']);
  });

  test('is never that of another token: two of one name are a mistake', () => {
    const own = { name: 'tea', sha256: digest('one'), scopes: ['read'], keys: { product: ['tea'] } } as const;
    const wider = { name: 'tea', sha256: digest('another'), scopes: ['read'] } as const;
    expect(() => asTokens({ tokens: [own, wider] })).toThrow(
      'tokens[1] name: expected another one than tokens[0]; got "tea"',
    );
    expect(() => api({ tokens: [own, wider] })).toThrow('tokens[1] name');
  });

  test('is of no use once its token is gone', async () => {
    const { ticket } = await ticketOf(api());
    const without = api({ tokens: TOKENS.slice(1) });
    expect(await codeOf(await without.request(`${P}/stream?ticket=${ticket}`))).toEqual([401, 'ticket']);
  });
});

/** The same signature under other claims. */
function forged(ticket: string, claims: object): string {
  const [payload = '', mac = ''] = ticket.split('.');
  const own = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  return `${Buffer.from(JSON.stringify({ ...own, ...claims })).toString('base64url')}.${mac}`;
}

describe('a token that is bound to keys', () => {
  const follow = async (query: string, token = 'k-secret', headers: Record<string, string> = {}): Promise<Response> =>
    api().request(`${P}/stream?stats=false&${query}`, { headers: { ...as(token), ...headers } });
  const products = ({ rows }: WindowsData): Set<unknown> => new Set(rows.map(({ key }) => key['product']));

  test('sees no other rows, whatever it asks for, also by a ticket', async () => {
    const { ticket } = await ticketOf(api(), '', 'k-secret');
    const byTicket = api().request(`${P}/stream?stats=false&table=minutes&ticket=${ticket}`);
    for (const response of [
      await follow('table=minutes'),
      await follow('table=minutes&key.product=coffee&key.product=tea'),
      await byTicket,
    ]) {
      const client = sse(response.body);
      const first = JSON.parse((await client.next('windows')).data) as WindowsData;
      expect(products(first)).toEqual(new Set(['tea']));
      await flush([{ product: 'coffee', second: 3 }]);
      await flush([{ product: 'tea', second: 3 }]);
      expect(products(JSON.parse((await client.next('windows')).data) as WindowsData)).toEqual(new Set(['tea']));
    }
  });

  test('sees nothing of tables that have no such key: named they are refused, otherwise left out', async () => {
    expect(await codeOf(await follow('table=lengths'))).toEqual([403, 'bound']);
    expect(await codeOf(await follow('', 'g-secret'))).toEqual([403, 'bound']);
    const client = sse((await follow('')).body);
    const tables = new Set<string>();
    for (let i = 0; i < 3; i++) tables.add((JSON.parse((await client.next('windows')).data) as WindowsData).table);
    expect(tables).toEqual(new Set(['minutes', 'trend', 'visits']));
  });

  test('gets by the id of another one nothing that is not its own', async () => {
    const all = sse((await follow('table=minutes', 'r-secret')).body);
    const { id } = await all.next('windows');
    const client = sse((await follow('table=minutes', 'k-secret', { 'last-event-id': id })).body);
    expect((await client.next()).event).toBe('reset');
    expect(products(JSON.parse((await client.next('windows')).data) as WindowsData)).toEqual(new Set(['tea']));
  });
});

describe('too much', () => {
  test('streams of one token, and of a server, are refused; one that ends makes room', async () => {
    const app = api({ streams: { perCaller: 2, perServer: 3 } });
    const open = async (token: string): Promise<Response> =>
      app.request(`${P}/stream?table=minutes`, { headers: as(token) });
    const [first] = [sse((await open('r-secret')).body), sse((await open('r-secret')).body)];
    const refused = await open('r-secret');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '5']);
    sse((await open('k-secret')).body);
    expect(await codeOf(await open('k-secret'))).toEqual([503, 'streams']);
    await first?.cut();
    sse((await open('r-secret')).body);
  });

  test('a question that fails, and HEAD, take no place', async () => {
    const app = api({ streams: { perServer: 1 } });
    for (let i = 0; i < 3; i++) {
      expect((await app.request(`${P}/stream?table=nothing`, { headers: as('r-secret') })).status).toBe(400);
      expect((await app.request(`${P}/stream?table=minutes`, { method: 'HEAD', headers: as('r-secret') })).status).toBe(
        200,
      );
    }
    sse((await app.request(`${P}/stream?table=minutes`, { headers: as('r-secret') })).body);
  });

  test('requests of one token beyond its rate are told when to come again; others are let in, and so are health checks', async () => {
    const app = api({ rateLimit: { perSecond: 0.001, burst: 3 } });
    const ask = (token: string): Promise<Response> => Promise.resolve(app.request('/version', { headers: as(token) }));
    for (let i = 0; i < 3; i++) expect((await ask('r-secret')).status).toBe(200);
    const refused = await ask('r-secret');
    expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([429, expect.closeTo(1_000, -1)]);
    expect((await ask('k-secret')).status).toBe(200);
    expect((await app.request('/livez')).status).toBe(200);
  });

  test('without tokens each address has its rate', async () => {
    const server = await served_(served.api({ rateLimit: { perSecond: 0.001, burst: 2 } }));
    expect((await fetch(`${server.url}/version`)).status).toBe(200);
    expect((await fetch(`${server.url}/version`)).status).toBe(200);
    expect((await fetch(`${server.url}/version`)).status).toBe(429);
  });
});

const served_ = async (app: MetricsApi): Promise<Listening> => {
  const server = await listen(app, { port: 0 });
  onTestFinished(() => server.close(100));
  return server;
};

describe('a client that takes nothing', () => {
  /** Sends a request, and reads no more than the head of the answer. */
  async function deaf(server: Listening, path: string): Promise<void> {
    const socket = connect(server.port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => undefined);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await once(socket, 'readable');
    socket.pause();
  }

  test('is cut off, and makes room', async () => {
    const app = served.api({ streams: { perServer: 1, heartbeatMs: 20, patienceMs: 100 } });
    const server = await served_(app);
    await deaf(server, `${P}/stream?table=minutes&stats=false`);
    // until it has no room for more
    let response = await app.request(`${P}/stream?table=trend`);
    for (let i = 0; response.status === 503; i++) {
      const many = Array.from({ length: 500 }, (_, n) => ({ product: `p${n}${'x'.repeat(500)}`, second: 1_000 + i }));
      await flush(many);
      response = await app.request(`${P}/stream?table=trend`);
    }
    await sse(response.body).next('windows');
  });
});
