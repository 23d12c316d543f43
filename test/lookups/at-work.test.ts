import { from, lastValueFrom, toArray } from 'rxjs';
import { expect, onTestFinished, test } from 'vitest';
import {
  backoff,
  enrich,
  fromHttp,
  fromTable,
  type Lookup,
  memoryQueue,
  memoryStore,
  startWorker,
  untilDrained,
} from '../../src/index.ts';
import { rehearse } from '../../src/runtime/rehearse.ts';
import { type Campaign, campaignSales, sale, type Sale } from '../support/campaign-sales.ts';
import { type Answer, found, lookupServer } from '../support/lookup-server.ts';
import { batchOf } from '../support/orders.ts';
import { postgresPlace } from '../support/postgres-place.ts';

const soon = backoff({ first: '1ms', cap: '5ms' });
const know = found({ c1: { channel: 'mail' } });

/** A worker over a service that answers so. */
async function working(answer: Answer) {
  const server = await lookupServer(answer);
  return { ...server, ...workingOn(fromHttp<Campaign>({ url: `${server.origin}/?ids={keys}`, name: 'crm' })) };
}

function workingOn(campaigns: Lookup<Campaign>) {
  const { pipeline, channels } = campaignSales(campaigns, { retry: soon });
  const source = memoryQueue([JSON.stringify([sale('a'), sale('b', 'c2')])]);
  const store = memoryStore(pipeline);
  return {
    pipeline,
    source,
    store,
    worker: startWorker(pipeline, { source, store }),
    rows: () => store.rows(channels.name),
  };
}

test('a service that refuses, hangs up and talks nonsense at first costs no event and no reject', async () => {
  const { source, store, worker, rows, asked } = await working((response, question, nth) => {
    if (nth === 1) return response.writeHead(503).end();
    if (nth === 2) return response.destroy();
    if (nth === 3) return response.end('<html>');
    return know(response, question, nth);
  });
  await untilDrained(source);
  await worker.stop(1_000);
  expect(rows()).toMatchObject([
    { channel: '(none)', sales: '1' },
    { channel: 'mail', sales: '1' },
  ]);
  expect(store.rejects()).toEqual([]);
  expect(asked.length).toBe(4);
});

test('one socket serves question after question', async () => {
  const { asked, accepted, origin } = await lookupServer(know);
  const batches = ['c1', 'c2', 'c3'].map((campaign) => batchOf([sale('a', campaign)]));
  const ask = enrich(fromHttp<Campaign>({ url: `${origin}/?ids={keys}` }), {
    key: (e: Sale) => e.campaign,
    into: (_, found) => found,
  });
  const out = await lastValueFrom(from(batches).pipe(ask, toArray()));
  expect(out.map(({ entries }) => entries[0]?.value)).toEqual([{ channel: 'mail' }, null, null]);
  expect([asked.length, accepted()]).toEqual([3, 1]);
});

test('a service that forbids it stops the worker, which says why; nothing is deleted', async () => {
  const { source, worker, store } = await working((response) => response.writeHead(403).end());
  await expect(worker.done).rejects.toMatchObject({ code: 'LOOKUP', message: expect.stringContaining('HTTP 403') });
  await worker.stop(1_000);
  expect(store.events()).toBe(0);
  expect(source.stats()).toMatchObject({ acknowledged: 0 });
});

test('a worker that is stopped while a service does not answer aborts the question, and its messages come back', async () => {
  const arrived = Promise.withResolvers<void>();
  const { source, worker, asked } = await working(() => arrived.resolve());
  await arrived.promise;
  await worker.stop(1);
  await asked[0]?.over;
  expect(source.stats()).toMatchObject({ acknowledged: 0, held: 0 });
});

test('a worker that is stopped while a statement runs leaves no session behind', async () => {
  const place = await postgresPlace();
  onTestFinished(() => place.close());
  await place.query(`create view slow as select 'c1' as id, pg_sleep(30)::text as channel`);
  const sleeping = `select count(*)::text as n from pg_stat_activity where datname = current_database() and application_name = 'scalestream'`;
  const sessions = async () => (await place.query<{ n: string }>(sleeping))[0]?.n;
  const { worker } = workingOn(
    fromTable({ url: place.url, table: 'slow', key: 'id', columns: ['channel'], timeout: '300ms' }),
  );
  while ((await sessions()) === '0');
  await worker.stop(1);
  while ((await sessions()) !== '0');
});

test('a rehearsal asks nobody, and finds a look-up whose address is not set', async () => {
  const { asked, pipeline, worker } = await working(() => undefined);
  await worker.stop(1);
  const before = asked.length;
  await rehearse(pipeline);
  expect(asked.length).toBe(before);
  const unset = campaignSales(fromHttp<Campaign>({ url: undefined })).pipeline;
  await expect(rehearse(unset)).rejects.toMatchObject({
    code: 'CONFIG',
    message: expect.stringContaining('fromHttp url'),
  });
});
