import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asTokens, type MetricsApi, type WindowsAnswer, type KeysAnswer } from '../../src/server/index.ts';
import abandonedCarts from '../../src/pipelines/abandoned-carts.ts';
import storefront from '../../src/pipelines/storefront.ts';
import { type Served, served } from './shop.ts';

const digest = (token: string): string => createHash('sha256').update(token).digest('hex');
const TOKENS = asTokens({
  tokens: [
    { name: 'reader', sha256: digest('r-secret'), scopes: ['read'] },
    { name: 'shop', sha256: digest('i-secret'), scopes: ['ingest'] },
    { name: 'germany', sha256: digest('k-secret'), scopes: ['read'], keys: { country: ['DE'] } },
  ],
});

let shop: Served;
let app: MetricsApi;
const lines: string[] = [];
beforeAll(async () => {
  shop = await served([storefront, abandonedCarts], { events: 600 });
  app = shop.api({ tokens: TOKENS, onError: (line) => lines.push(line) });
});
afterAll(() => shop.close());

const P = '/v1/pipelines/storefront';
const as = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}` } });
const ROUTES = [
  '/v1/pipelines',
  P,
  `${P}/windows/product_trade`,
  `${P}/windows/product_trade/events`,
  `${P}/keys/product_trade`,
  `${P}/rejects`,
  '/version',
  '/openapi.json',
  '/v1/nowhere',
];

describe('tokens', () => {
  test.each(ROUTES)('%s tells nothing without one, with a wrong one, or with one of another scope', async (path) => {
    for (const init of [
      {},
      as('wrong'),
      as(''),
      as('r-secret,r-secret'),
      { headers: { authorization: `Basic ${btoa('r-secret:')}` } },
      { headers: { authorization: `Bearer ${'x'.repeat(5_000)}` } },
    ]) {
      const response = await app.request(path, init);
      expect([response.status, await response.json()]).toMatchObject([401, { code: 'token' }]);
      expect(response.headers.get('www-authenticate')).toMatch(/^Bearer /);
    }
    const response = await app.request(path, as('i-secret'));
    expect([response.status, await response.json()]).toMatchObject([403, { code: 'scope', expected: 'scope read' }]);
  });

  test('the process may be asked whether it lives without one, and says nothing else', async () => {
    expect(await (await app.request('/livez')).text()).toBe('{"status":"ok"}');
    expect(await (await app.request('/readyz')).text()).toBe('{"status":"ok"}');
  });

  test('one that is bound to keys sees windows of these, whatever it asks for, and nothing that has no such key', async () => {
    const bound = async (path: string): Promise<WindowsAnswer> =>
      (await app.request(path, as('k-secret'))).json() as Promise<WindowsAnswer>;
    const countries = ({ data }: WindowsAnswer): Set<unknown> => new Set(data.map(({ key }) => key['country']));
    const at = `${P}/windows/country_sales`;
    const all = (await (await app.request(`${at}?limit=10000`, as('r-secret'))).json()) as WindowsAnswer;
    expect(countries(all).size).toBeGreaterThan(1);
    expect(countries(await bound(at))).toEqual(new Set(['DE']));
    expect((await bound(`${at}?key.country=FR`)).data).toEqual([]);
    expect(countries(await bound(`${at}?key.country=FR&key.country=DE`))).toEqual(new Set(['DE']));
    expect(countries(await bound(`${at}?top=revenue_cents`))).toEqual(new Set(['DE']));
    const span = 'from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z';
    expect(countries(await bound(`${at}?bucket=month&${span}`))).toEqual(new Set(['DE']));
    expect(await bound(`${at}?bucket=month&${span}&by=currency`)).toMatchObject({ status: 400, fix: 'by=country' });
    const keys = (await (await app.request(`${P}/keys/country_sales`, as('k-secret'))).json()) as KeysAnswer;
    expect(keys.data).toEqual(['DE']);
    const other = all.data.find(({ key }) => key['country'] !== 'DE');
    const query = new URLSearchParams({ start: other?.start ?? '' });
    for (const [column, value] of Object.entries(other?.key ?? {})) query.set(`key.${column}`, String(value));
    for (const path of [
      `${at}/events?${query.toString()}`,
      `${P}/windows/product_trade`,
      `${P}/keys/product_trade`,
      `${P}/rejects`,
    ]) {
      const response = await app.request(path, as('k-secret'));
      expect([path, response.status, await response.json()]).toMatchObject([path, 403, { code: 'bound' }]);
    }
  });

  test('answers of one token are not those of another, although both are kept', async () => {
    const kept = shop.api({ tokens: TOKENS, cache: { staleMs: 60_000 } });
    const path = `${P}/windows/country_sales?limit=10000`;
    const [all, some] = [
      await (await kept.request(path, as('r-secret'))).text(),
      await (await kept.request(path, as('k-secret'))).text(),
    ];
    expect(all.length).toBeGreaterThan(some.length);
  });

  test.each([
    [{}, /tokens/],
    [{ tokens: [] }, /none/],
    [{ tokens: [{ name: 'a', sha256: 'plain-secret', scopes: ['read'] }] }, /^((?!plain-secret).)*$/],
    [{ tokens: [{ name: 'a', sha256: digest('x'), scopes: ['write'] }] }, /read, ingest, admin/],
    [{ tokens: [{ name: 'a\n', sha256: digest('x'), scopes: ['read'] }] }, /name/],
    [{ tokens: [{ name: 'a', sha256: digest('x'), scope: ['read'] }] }, /did you mean 'scopes'/],
    [{ tokens: [{ name: 'a', sha256: digest('x'), scopes: ['read'], keys: { country: [] } }] }, /keys/],
  ])('%j is no file of tokens', (given, message) => expect(() => asTokens(given)).toThrow(message));
});

describe('names of the server', () => {
  test.each([
    ['localhost:8080', 200],
    ['127.0.0.1:8080', 200],
    ['[::1]:8080', 200],
    ['192.168.1.4', 200],
    ['shop.internal', 200],
    ['evil.example', 421],
    ['localhost.evil.example', 421],
    ['127.0.0.1.evil.example', 421],
    ['localhost:8080@evil.example', 421],
    ['', 421],
  ])("who was led here by the name '%s' gets %i", async (host, status) => {
    const open = shop.api({ hosts: ['shop.internal'] });
    expect((await open.request('/v1/pipelines', { headers: { host } })).status).toBe(status);
  });

  test.each(['https://shop.internal', 'shop.internal:8080', 'shop.internal.', '*.internal', ''])(
    "'%s' is the name of none: nobody could be let in by it",
    (host) => expect(() => shop.api({ hosts: [host] })).toThrow(`hosts: expected names`),
  );
});

const ATTACKS = [
  "' or 1=1 --",
  "'; drop table product_trade; --",
  '" or ""="',
  '$1',
  '\\',
  '{a,b}',
  '%00',
  '\0',
  '\u{D800}',
  '../../etc/passwd',
  '__proto__',
  'constructor',
  'NaN',
  '1e400',
  '9'.repeat(400),
  '-1',
  'pg_sleep(10)',
  'a\r\nset-cookie: x=1',
  'a\u009b31m\u2028b',
  '<script>alert(1)</script>',
  '🙂'.repeat(100),
];
const WORDS = [
  'from',
  'to',
  'state',
  'measures',
  'bucket',
  'zone',
  'by',
  'fill',
  'top',
  'order',
  'limit',
  'cursor',
  'format',
  'numbers',
  'column',
  'prefix',
  'reason',
  'body',
  'start',
  'key.product',
  'key.country',
];

test('SQL, paths, markup and letters of control in every parameter, table, column and name do no harm: no 5xx, nothing dropped, no header, no line in the log', async () => {
  const open = shop.api({ onError: (line) => lines.push(line) });
  const before = await shop.place.query('select count(*) as n from product_trade');
  for (const path of [
    `${P}/windows/product_trade`,
    `${P}/windows/country_sales`,
    `${P}/keys/product_trade`,
    `${P}/rejects`,
    `${P}/windows/product_trade/events`,
    '/v1/pipelines',
    P,
  ]) {
    for (const attack of ATTACKS) {
      const text = encodeURIComponent(attack.toWellFormed());
      const all = [
        ...WORDS.map((word) => `${path}?${word}=${text}`),
        `${path}?${text}=1`,
        `${path}?key.${text}=1`,
        `${path}/${text}`,
        `/v1/pipelines/${text}/windows/${text}`,
      ];
      for (const each of all) {
        const response = await open.request(each);
        const body = await response.text();
        expect(response.status, `${each}: ${body}`).toBeLessThan(500);
        expect(response.headers.get('set-cookie')).toBeNull();
        expect(controls(body)).toEqual([]);
        expect(response.headers.get('content-type')).toMatch(
          /^(application\/(problem\+)?json|text\/csv|application\/x-ndjson)/,
        );
        if (response.headers.get('content-type')?.includes('json') && !each.includes('ndjson')) JSON.parse(body);
      }
    }
  }
  expect(await shop.place.query('select count(*) as n from product_trade')).toEqual(before);
  expect(lines).toEqual([]);
});

test('values that look like SQL are values: they are found where they are, and nowhere else', async () => {
  for (const value of ATTACKS.slice(0, 6)) {
    const response = await shop.app.request(`${P}/windows/product_trade?key.product=${encodeURIComponent(value)}`);
    expect(((await response.json()) as WindowsAnswer).data).toEqual([]);
  }
});

test('other methods are refused, other sites are let in by no header, and browsers are told to do nothing with what they get', async () => {
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE_X']) {
    const response = await shop.app.request(`${P}/rejects`, { method, headers: { origin: 'https://evil.example' } });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  }
  const response = await shop.app.request(P, { headers: { origin: 'https://evil.example' } });
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'cache-control': 'private, no-cache',
  });
  expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  const refused = await app.request(P);
  expect(refused.headers.get('content-security-policy')).toMatch(/default-src 'none'/);
});

test('a URL that is too long is refused', async () => {
  const response = await shop.app.request(`${P}/rejects?reason=${'a'.repeat(9_000)}`);
  expect([response.status, await response.json()]).toMatchObject([414, { code: 'url' }]);
});

/** Letters that a terminal obeys; a line's end is none, which CSV has. */
const controls = (text: string): string[] =>
  Array.from(text).filter((letter) => letter !== '\n' && /[\p{Cc}\u2028]/u.test(letter));
