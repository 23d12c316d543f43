import { expect, onTestFinished, test } from 'vitest';
import {
  acknowledge,
  count,
  decode,
  eventTable,
  type FinalWindow,
  foldInto,
  json,
  memoryQueue,
  pipeline,
  startWorker,
  toTable,
  transaction,
  tumbling,
  whenFinal,
  windowTable,
} from '../../src/index.ts';
import { openWorker } from '../../src/cli/open-worker.ts';
import type { SinkDefaults } from '../../src/final-sink.ts';
import { atOnce, Order, order, trade } from '../support/orders.ts';
import { postgresPlace } from '../support/postgres-place.ts';
import { nowhere } from './nowhere.ts';
import { inWindow, stageOf, withFinals } from './stage.ts';

test('a worker delivers what becomes final by itself: into the table, and out of the database', async () => {
  const orders = eventTable('orders', {
    schema: Order,
    id: (e) => e.id,
    time: (e) => e.at,
    keep: 'forever',
    lateness: '100ms',
  });
  const traded = windowTable('trade', orders, {
    window: tumbling('10s'),
    key: { product: (e) => e.product ?? '' },
    measures: { orders: count() },
  });
  const { promise: arrived, resolve } = Promise.withResolvers<FinalWindow>();
  const sink = nowhere(async ([parcel]) => {
    resolve(JSON.parse(parcel?.body ?? '') as FinalWindow);
    return new Map();
  });
  const shop = pipeline(
    'shop',
    [orders, traded, whenFinal(traded, toTable('trade_final')), whenFinal(traded, sink, { name: 'hook' })],
    ({ messages, store }) =>
      messages.pipe(
        decode(json(orders)),
        transaction(store, { once: orders, retry: atOnce }, (fresh$) => fresh$.pipe(foldInto(traded))),
        acknowledge(),
      ),
  );
  const place = await postgresPlace();
  onTestFinished(() => place.close());
  const source = memoryQueue([JSON.stringify([order('a'), order('b')])], { waitSeconds: 1 });
  const worker = startWorker(shop, { source, store: await place.open(shop) });
  expect(await Promise.race([arrived, worker.done])).toMatchObject({
    table: 'trade',
    measures: { orders: '2' },
    revised: false,
  });
  await worker.stop(10_000);
  expect(await place.query('select orders::int, revision::int from trade_final')).toEqual([{ orders: 2, revision: 1 }]);
  expect(await place.query('select * from scalestream.outbox')).toEqual([]);
});

test('a sink that cannot be opened is found before anything is received or written', async () => {
  const place = await postgresPlace();
  onTestFinished(() => place.close());
  const shut = nowhere(undefined, { open: () => Promise.reject(new Error('SQS says no. Fix: ask for it\nSECRET')) });
  const opening = openWorker({
    pipeline: withFinals(whenFinal(trade, shut, { name: 'finance' })),
    queues: [{ queue: 'nowhere', endpoint: 'http://127.0.0.1:1', region: 'x', credentials: undefined }],
    databaseUrl: place.url,
    migrate: true,
    warn: () => undefined,
  });
  await expect(opening).rejects.toMatchObject({
    code: 'CONFIG',
    message: "whenFinal 'finance', a test: expected an answer; got SQS says no. Fix: ask for it",
  });
  expect(await place.query(`select to_regnamespace('scalestream') as made`)).toEqual([{ made: null }]);
});

test('sinks are given what the worker was told of its surroundings', async () => {
  const { promise: told, resolve } = Promise.withResolvers<SinkDefaults>();
  const sink = nowhere(undefined, {
    async open(defaults) {
      resolve(defaults);
      return { most: 1, send: async () => new Map(), close: () => undefined };
    },
  });
  const stage = await stageOf(whenFinal(trade, sink, { name: 'finance' }));
  await stage.deliver(inWindow(0, 'a'));
  await stage.pass();
  await stage.store.time.tick();
  const sinkDefaults = { endpoint: 'http://127.0.0.1:1', region: 'x' };
  const source = memoryQueue([], { waitSeconds: 1 });
  const worker = startWorker(stage.pipeline, { source, store: await stage.open(), sinkDefaults });
  expect(await Promise.race([told, worker.done])).toEqual(sinkDefaults);
  await worker.stop(10_000);
});
