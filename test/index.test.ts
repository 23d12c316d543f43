import { expect, test } from 'vitest';
import { z } from 'zod';
import * as scalestream from '../src/index.ts';
import {
  acknowledge,
  count,
  decode,
  eventTable,
  foldInto,
  gather,
  json,
  memoryQueue,
  memoryStore,
  pipeline,
  sum,
  transaction,
  tumbling,
  windowTable,
} from '../src/index.ts';

test('a pipeline of twenty lines counts every event of a queue once, and leaves the queue empty', async () => {
  const Sale = z.object({ id: z.string(), at: z.string(), country: z.string(), cents: z.int() });
  const sales = eventTable('sales', { schema: Sale, id: (e) => e.id, time: (e) => e.at, keep: '90d' });
  const revenue = windowTable('revenue', sales, {
    window: tumbling('1m'),
    key: { country: (e) => e.country },
    measures: { sales: count(), cents: sum((e) => e.cents) },
  });
  const shop = pipeline('shop', [sales, revenue], ({ messages, store }) =>
    messages.pipe(
      decode(json(sales)),
      gather({ events: 100, within: '10ms' }),
      transaction(store, { once: sales }, (fresh$) => fresh$.pipe(foldInto(revenue))),
      acknowledge(),
    ),
  );

  const sale = (id: string, country: string, cents: number) => ({ id, at: '2020-01-01T12:00:30Z', country, cents });
  const first = JSON.stringify([sale('1', 'DE', 500), sale('2', 'FR', 700), { id: 'broken' }]);
  const again = `${JSON.stringify(sale('2', 'FR', 700))}\n${JSON.stringify(sale('3', 'DE', 250))}`;
  // every message is delivered twice
  const queue = memoryQueue([first, again], { duplicates: 1, waitSeconds: 1 });
  const store = memoryStore(shop);
  const totals = { acknowledged: 0, committed: 0, duplicates: 0, rejected: 0 };
  const done = Promise.withResolvers<void>();
  shop.graph({ messages: queue.messages, store }).subscribe({
    next({ acknowledged, counts }) {
      totals.acknowledged += acknowledged;
      totals.committed += counts.committed;
      totals.duplicates += counts.duplicates;
      totals.rejected += counts.rejected;
      if (totals.acknowledged === 4) queue.stop();
    },
    complete: done.resolve,
    error: done.reject,
  });
  await done.promise;
  await queue.drained(10_000);

  expect(totals).toEqual({ acknowledged: 4, committed: 3, duplicates: 6, rejected: 1 });
  expect(store.rows('revenue')).toEqual([
    { window_start: '2020-01-01T12:00:00.000Z', country: 'DE', sales: '2', cents: '750' },
    { window_start: '2020-01-01T12:00:00.000Z', country: 'FR', sales: '1', cents: '700' },
  ]);
  expect(store.rejects()).toMatchObject([{ reason: 'schema', ordinal: 2 }]);
  expect(queue.depth()).toEqual({ waiting: 0, inFlight: 0 });
});

test('everything that a pipeline file needs is exported from one place', () => {
  const needed = [
    'decode',
    'enrich',
    'fromTable',
    'fromHttp',
    'mapEvents',
    'filterEvents',
    'flatMapEvents',
    'gather',
    'foldInto',
    'retryBackoff',
    'backoff',
  ];
  const measures = ['count', 'countIf', 'sum', 'min', 'max', 'mean', 'variance', 'ratio', 'first', 'last', 'distinct'];
  measures.push('exactDistinct', 'quantiles', 'topK', 'funnel', 'money', 'defineMeasure');
  expect(Object.keys(scalestream)).toEqual(expect.arrayContaining([...needed, ...measures]));
});
