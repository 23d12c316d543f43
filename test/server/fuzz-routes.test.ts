import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import abandonedCarts from '../../src/pipelines/abandoned-carts.ts';
import revenueByCountry from '../../src/pipelines/revenue-by-country.ts';
import storefront from '../../src/pipelines/storefront.ts';
import { type MetricsApi, openIngest, type Ingest } from '../../src/server/index.ts';
import { freshQueue, type FreshQueue } from '../support/queue.ts';
import { END, type Served, served, START } from './shop.ts';

const PIPELINES = [storefront, abandonedCarts, revenueByCountry];
const NAMES = PIPELINES.map(({ name }) => name);
const TABLES = PIPELINES.flatMap(({ windows, over }) => [...windows, ...over]);
/** `FUZZ_REQUESTS=200000` for more. */
const REQUESTS = Number(process.env['FUZZ_REQUESTS'] ?? 2_000);

let shop: Served;
let queue: FreshQueue;
let ingest: Ingest;
let app: MetricsApi;
beforeAll(async () => {
  const { sqsEndpoint: endpoint, region, accessKeyId, secretAccessKey } = inject('servers');
  shop = await served(PIPELINES, { events: 400 });
  queue = await freshQueue();
  ingest = await openIngest({ queue: queue.url, endpoint, region, credentials: { accessKeyId, secretAccessKey } });
  app = shop.api({ ingest: new Map([['storefront', ingest]]) });
});
afterAll(async () => {
  await ingest.close(10_000);
  await queue.drop();
  await shop.close();
});

const odd = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.toWellFormed()),
  fc.constantFrom(
    '',
    '0',
    '-1',
    '1e9',
    'null',
    '*',
    '%00',
    'é',
    '{}',
    '../..',
    "'; drop table x; --",
    '\u0000',
    '\r\nx: y',
    'a'.repeat(3_000),
  ),
);
const mostly = (arbitrary: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.oneof({ weight: 19, arbitrary }, odd);
const moment = mostly(fc.integer({ min: START - 86_400_000, max: END }).map((ms) => new Date(ms).toISOString()));
const name = mostly(fc.constantFrom(...NAMES));
const table = mostly(fc.constantFrom(...TABLES.map((each) => each.name)));
const keys = [...new Set(TABLES.flatMap(({ key }) => Object.keys(key)))];

const VALUES: Readonly<Record<string, fc.Arbitrary<string>>> = {
  from: moment,
  to: moment,
  start: moment,
  limit: mostly(fc.constantFrom('1', '10', '1000', '10001')),
  cursor: mostly(fc.constantFrom('W10', 'e30')),
  column: mostly(fc.constantFrom(...keys)),
  prefix: mostly(fc.constantFrom('a', 'D', '%', '_')),
  reason: mostly(fc.constantFrom('schema', 'id-conflict')),
  body: mostly(fc.constantFrom('true', 'false')),
  state: mostly(fc.constantFrom('open', 'final,revised')),
  bucket: mostly(fc.constantFrom('hour', 'day', '7 seconds')),
  table,
  measures: odd,
  stats: mostly(fc.constantFrom('true', 'false')),
  lastEventId: odd,
  ticket: odd,
  ...Object.fromEntries(keys.map((key) => [`key.${key}`, odd])),
};

const query = fc
  .array(
    fc.oneof(
      {
        weight: 12,
        arbitrary: fc
          .constantFrom(...Object.keys(VALUES))
          .chain((key) => (VALUES[key] as fc.Arbitrary<string>).map((value) => [key, value] as const)),
      },
      fc.tuple(odd, odd),
    ),
    { maxLength: 3 },
  )
  .map((pairs) => {
    const given = new URLSearchParams();
    for (const [key, value] of pairs) given.append(key, value);
    const text = given.toString();
    return text === '' ? '' : `?${text}`;
  });

const encoded = (part: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  part.map((text) => encodeURIComponent(text.slice(0, 200)));
const path = fc.oneof(
  fc.constantFrom(
    '/',
    '/v1/pipelines',
    '/livez',
    '/readyz',
    '/version',
    '/openapi.json',
    '/metrics',
    '/v1',
    '//',
    '/v1/../etc/passwd',
    '/assets/../../package.json',
    '/v1/stream-tickets',
  ),
  encoded(name).map((n) => `/v1/pipelines/${n}`),
  encoded(name).map((n) => `/v1/pipelines/${n}/rejects`),
  encoded(name).map((n) => `/v1/pipelines/${n}/stream`),
  encoded(name).map((n) => `/v1/events/${n}`),
  ...['windows', 'keys'].map((what) =>
    fc.tuple(encoded(name), encoded(table)).map(([n, t]) => `/v1/pipelines/${n}/${what}/${t}`),
  ),
  fc.tuple(encoded(name), encoded(table)).map(([n, t]) => `/v1/pipelines/${n}/windows/${t}/events`),
  encoded(odd).map((text) => `/${text}`),
);

const header = fc.oneof(
  odd,
  fc.constantFrom(
    'application/json',
    'application/x-ndjson',
    'gzip',
    'zstd',
    '*/*',
    '"x"',
    'Bearer x',
    'http://evil.example',
  ),
);
const headers = fc
  .dictionary(
    fc.constantFrom(
      'accept',
      'authorization',
      'content-type',
      'content-encoding',
      'if-none-match',
      'last-event-id',
      'idempotency-key',
      'origin',
      'sec-fetch-site',
      'host',
      'x-forwarded-for',
    ),
    header,
    { maxKeys: 3 },
  )
  // what no client can send
  .map((all) => Object.fromEntries(Object.entries(all).filter(([, value]) => /^[\t\x20-\x7e\x80-\xff]*$/.test(value))));
const body = fc.oneof(
  fc.json(),
  odd,
  fc.constantFrom(
    '[]',
    '[{}]',
    '{"id":1}',
    '{"__proto__":{}}',
    '['.repeat(2_000),
    '{"id":"018f4d6e-0000-7000-8000-000000000000","at":"now"}\n{}',
  ),
);

/** Mostly one that its route takes. */
const methodOf = (at: string): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 9, arbitrary: fc.constant(/^\/v1\/(events|stream-tickets)/.test(at) ? 'POST' : 'GET') },
    fc.constantFrom('GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'),
  );
const anyRequest = path.chain((at) =>
  fc.record({
    method: methodOf(at),
    path: fc.constant(at),
    query,
    headers: fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, headers),
    body,
  }),
);

test(`no request, of ${REQUESTS}, whatever its route, method, query, headers and body, is a failure of the server`, {
  timeout: 1_200_000,
}, async () => {
  const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
  console.log(`fuzz of all routes: FUZZ_SEED=${seed}`);
  const statuses = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(anyRequest, async (asked) => {
      const { method } = asked;
      const url = asked.path + asked.query;
      const sent = method === 'GET' || method === 'HEAD' ? {} : { body: asked.body };
      const response = await app.request(url, { method, headers: asked.headers, ...sent });
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
      // a stream has no end of its own
      if (response.headers.get('content-type')?.startsWith('text/event-stream')) await response.body?.cancel();
      const text = response.bodyUsed ? '' : await response.text();
      expect(response.status, `${method} ${url} ${JSON.stringify(asked.headers)}: ${text.slice(0, 500)}`).toBeLessThan(
        500,
      );
      if (
        response.status >= 400 &&
        method !== 'HEAD' &&
        response.headers.get('content-type') === 'application/problem+json'
      ) {
        expect(JSON.parse(text)).toMatchObject({ status: response.status, fix: expect.stringMatching(/./) });
      }
    }),
    { seed, numRuns: REQUESTS },
  );
  console.log(`answers by status: ${JSON.stringify(Object.fromEntries(statuses))}`);
  expect(statuses.get(200) ?? 0).toBeGreaterThan(REQUESTS / 20);
});
