import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type as arktype } from 'arktype';
import * as v from 'valibot';
import { z } from 'zod';
import { eventTable } from '../../src/index.ts';
import { metricsApi, openIngest, readDatabase } from '../../src/server/index.ts';
import { eventSchema } from '../../src/server/ingest/event-schema.ts';
import { intake, nameless, view } from './intake.ts';
import storefront from '../../src/pipelines/storefront.ts';

const tokenOf = (name: string, scopes: readonly ('read' | 'ingest' | 'admin')[], keys?: Record<string, string[]>) => ({
  name,
  sha256: createHash('sha256').update(`${name}-secret`).digest('hex'),
  scopes,
  ...(keys ? { keys } : {}),
});
const TOKENS = [
  tokenOf('till', ['ingest']),
  tokenOf('web', ['ingest', 'read']),
  tokenOf('page', ['read']),
  tokenOf('root', ['admin']),
  tokenOf('partner', ['ingest'], { country: ['DE'] }),
];
const as = (name: string) => ({ authorization: `Bearer ${name}-secret` });

describe('with tokens', () => {
  test.each([
    ['till', 202, undefined],
    ['web', 202, undefined],
    ['page', 403, 'scope'],
    ['root', 403, 'scope'],
    ['partner', 403, 'bound'],
    ['nobody', 401, 'token'],
  ])('%s gets %i', async (name, status, code) => {
    const { post, queue } = await intake({ api: { tokens: TOKENS } });
    const response = await post(JSON.stringify(view()), as(name));
    expect([response.status, await response.json()]).toMatchObject([status, code === undefined ? {} : { code }]);
    expect(await queue.counts()).toMatchObject({ visible: status === 202 ? 1 : 0 });
  });

  test('who may send may not read, and nobody is let in without', async () => {
    const { app, post } = await intake({ api: { tokens: TOKENS } });
    expect((await app.request('/v1/pipelines', { headers: as('till') })).status).toBe(403);
    expect((await post(JSON.stringify(view()))).status).toBe(401);
    expect((await app.request('/v1/events/storefront')).status).toBe(401);
  });

  test('keys of requests are apart: one caller cannot take the ids of another', async () => {
    const { post } = await intake({ api: { tokens: TOKENS } });
    const ids = await Promise.all(
      ['till', 'web', 'till'].map(async (name) => {
        const response = await post(JSON.stringify(nameless()), { ...as(name), 'idempotency-key': 'k' });
        return ((await response.json()) as { given: { id: string }[] }).given[0]?.id;
      }),
    );
    expect(ids[0]).toBe(ids[2]);
    expect(ids[0]).not.toBe(ids[1]);
  });
});

test('a pipeline without a queue takes no events: 404, and how to change that', async () => {
  const { app } = await intake({ api: { ingest: new Map() } });
  const response = await app.request('/v1/events/storefront', { method: 'POST', body: '{}' });
  expect([response.status, await response.json()]).toMatchObject([
    404,
    { code: 'ingest', fix: expect.stringMatching(/serve --ingest-queue/) as string },
  ]);
});

test('a server that is about to end takes none: 503', async () => {
  let stopping = false;
  const { post } = await intake({ api: { isStopping: () => stopping } });
  expect((await post(JSON.stringify(view()))).status).toBe(202);
  stopping = true;
  expect((await post(JSON.stringify(view()))).status).toBe(503);
});

test('a queue for a pipeline that is not served is a mistake', async () => {
  const { ingest } = await intake();
  const database = readDatabase({ url: 'postgres://127.0.0.1:1/nowhere' });
  const misspelt = new Map([['storefont', ingest]]);
  expect(() => metricsApi({ pipelines: [storefront], database, ingest: misspelt })).toThrow(
    /pipelines that are served/,
  );
  await database.close();
});

test.each([
  [{ queue: 'events.fifo' }, /standard queue/],
  [{ queue: 'events', maxEvents: 0 }, /maxEvents: expected 1 or more/],
  [{ queue: 'events', maxPendingBytes: 1_000 }, /maxPendingBytes: expected 8388608 or more/],
  [{ queue: 'events', lingerMs: Number.NaN }, /lingerMs/],
])('%j cannot work', async (options, said) => {
  await expect(openIngest({ endpoint: 'http://127.0.0.1:1', ...options })).rejects.toThrow(said);
});

describe('the document of the API', () => {
  test('has the path, with what an event looks like; its id may be missing', async () => {
    const { app } = await intake();
    const document = await (await app.request('/openapi.json')).text();
    const { paths } = JSON.parse(document) as { paths: Record<string, Record<string, unknown>> };
    expect(paths['/v1/events/storefront']?.['post']).toMatchObject({
      requestBody: {
        content: {
          'application/json': {
            schema: { oneOf: [{ properties: { device: { enum: ['mobile', 'desktop', 'tablet'] } } }, {}] },
          },
          'application/x-ndjson': {},
        },
      },
    });
    const { required } = eventSchema(storefront.events);
    expect(required).toEqual(['type', 'at', 'user', 'session', 'country', 'device']);
  });

  test('has none where there is no queue', async () => {
    const { app } = await intake({ api: { ingest: new Map() } });
    expect(await (await app.request('/openapi.json')).text()).not.toContain('/v1/events/');
  });

  test.each([
    ['arktype', arktype({ id: 'string', n: 'number' }), { required: ['n'] }],
    ['valibot, which tells none', v.object({ id: v.string() }), { type: 'object' }],
    ['a transformation, of which there is none', z.object({ id: z.string(), at: z.date() }), { type: 'object' }],
  ] as const)('%s', (_, schema, told) => {
    const table = eventTable('things', { schema, id: (e) => e.id, time: () => 0, keep: '1d' });
    expect(eventSchema(table)).toMatchObject(told);
  });
});
