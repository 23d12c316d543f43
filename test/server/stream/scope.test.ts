import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MetricsApi, WindowsAnswer } from '../../../src/server/index.ts';
import { postgresPlace, type PostgresPlace } from '../../support/postgres-place.ts';
import { type Served, serving } from '../shop.ts';
import { kinds, world } from './kinds.ts';
import { held, sse, type SseClient, type WindowsData } from './sse.ts';

const P = '/v1/pipelines/kinds';
let place: PostgresPlace;
let served: Served;
let flush: Awaited<ReturnType<typeof world>>['flush'];
beforeAll(async () => {
  place = await postgresPlace();
  ({ flush } = await world(place));
  served = serving(place, [kinds]);
});
afterAll(() => served.close());

const follow = async (app: MetricsApi, query: string, lastEventId = ''): Promise<SseClient> =>
  sse((await app.request(`${P}/stream?stats=false&${query}&lastEventId=${lastEventId}`)).body);

const each = (product: string, seconds: readonly number[]) => seconds.map((second) => ({ product, second }));

test('sessions that became one make room for none that nobody was told: what is held is what meta.from says', async () => {
  const query = 'table=visits&key.product=cup&limit=2';
  await flush(each('cup', [0, 100, 200]));
  const client = await follow(served.app, query);
  const dashboard = held();
  await client.next('windows').then(dashboard.take);
  await flush(each('cup', [115, 130, 145, 160, 175, 190]));
  await client.next('windows').then(dashboard.take);
  // now the latest two are other ones; who comes has them looked for again
  await (await follow(served.app, query)).next('windows');
  await flush(each('cup', [300]));
  const last = await client.next('windows');
  dashboard.take(last);
  const { from } = (JSON.parse(last.data) as { meta: { from: string | null } }).meta;
  const route = await served.app.request(
    `${P}/windows/visits?key.product=cup&order=asc${from === null ? '' : `&from=${from}`}`,
  );
  expect(dashboard.rows('visits')).toEqual(((await route.json()) as WindowsAnswer).data);
});

test('of hopping windows the latest limit are followed, however few panes they are made of', async () => {
  await flush(each('hop', [0, 100, 200, 300]));
  const client = await follow(served.app, 'table=trend&key.product=hop&limit=4');
  const { rows, meta } = JSON.parse((await client.next('windows')).data) as WindowsData;
  const latest = await served.app.request(`${P}/windows/trend?key.product=hop&limit=4`);
  expect(rows).toEqual(((await latest.json()) as WindowsAnswer).data);
  expect(meta.from).toBe(rows.at(-1)?.start);
  const later = await follow(served.app, 'table=trend&key.product=hop&limit=2&from=2026-01-01T00:04:50Z');
  expect((JSON.parse((await later.next('windows')).data) as WindowsData).rows).toEqual(rows.slice(0, 2));
});

test('more changes than are sent as such are a reset, to the latest windows', async () => {
  const client = await follow(served.app, 'table=minutes&key.product=burst&limit=1');
  await client.next('windows');
  await flush(each('burst', [400, 410, 420, 430, 440, 450]));
  expect(JSON.parse((await client.next()).data)).toEqual({ table: 'minutes', reason: 'too much changed' });
  expect(JSON.parse((await client.next()).data)).toMatchObject({
    rows: [{ key: { product: 'burst' } }],
    meta: { from: expect.stringContaining('T00:07:30') },
  });
});

test('what somebody holds of another database of the same server, or of tables that were made anew, is of no use', async () => {
  await flush(each('tea', [500]));
  const before = await follow(served.app, 'table=minutes');
  await before.next('windows');
  const other = await postgresPlace();
  const there = serving(other, [kinds]);
  try {
    await (await world(other)).flush(each('tea', [500]));
    const after = await follow(there.app, 'table=minutes', before.lastEventId());
    expect((await after.next()).event).toBe('reset');
    await after.next('windows');
    await after.cut();
    await other.query('drop schema scalestream cascade');
    await other.query('drop schema public cascade');
    await other.query('create schema public');
    await (await world(other)).flush(each('tea', [510]));
    const anew = await follow(there.app, 'table=minutes', after.lastEventId());
    expect((await anew.next()).event).toBe('reset');
    await anew.cut();
  } finally {
    await there.close();
  }
});
