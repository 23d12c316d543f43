import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { memoryQueue, startWorker } from '../../src/index.ts';
import { message, SENT_AT } from '../support/message.ts';
import { order, run } from '../support/orders.ts';
import { type TimedPlace, timedPlace } from './timed-place.ts';

const DAY_MS = 86_400_000;
const PATIENCE = { timeout: 30_000, interval: 20 };

let timed: TimedPlace;
beforeEach(async () => {
  timed = await timedPlace({ lateness: 300 });
});
afterEach(() => timed.place.close());

const partitions = () =>
  timed.place.query(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'orders'::regclass order by 1`,
  );

test('one event from 2099 is a reject, and nothing else: no window, no partition, no watermark hears of it', async () => {
  const { place, pipeline, tables } = timed;
  const queue = memoryQueue();
  const worker = startWorker(pipeline, { source: queue, store: await timed.open('worker') });
  const now = Date.now();
  const [real, dated2099] = [
    order('a', { at: now - 10_000 - SENT_AT }),
    order('z', { at: Date.UTC(2099, 0, 1) - SENT_AT }),
  ];
  const isFinal = async (count: number) =>
    (await timed.windows()).filter(({ state }) => state !== 'open').length === count;
  queue.send(JSON.stringify([real]));
  await vi.waitUntil(() => isFinal(1), PATIENCE);
  const before = {
    partitions: await partitions(),
    trade: await timed.windows(),
    pace: await place.windows(tables.pace),
  };

  queue.send(JSON.stringify([dated2099]));
  await vi.waitUntil(async () => (await place.rejects()).length === 1, PATIENCE);
  expect(await place.rejects()).toMatchObject([{ reason: 'in-future', body: JSON.stringify(dated2099) }]);
  expect({
    partitions: await partitions(),
    trade: await timed.windows(),
    pace: await place.windows(tables.pace),
  }).toEqual(before);

  // Its siblings count, and time goes on as if it had not been there.
  queue.send(JSON.stringify([dated2099, order('b', { at: now - 5_000 - SENT_AT })]));
  await vi.waitUntil(() => isFinal(2), PATIENCE);
  expect(await place.events(tables.orders)).toBe(2);
  expect(await place.rejects()).toHaveLength(1);
  expect(
    await place.query(
      'select watermark > to_timestamp($) as passed, watermark < clock_timestamp() as past from scalestream.watermarks'.replace(
        '$',
        String((now - 5_000) / 1_000),
      ),
    ),
  ).toEqual([{ passed: true, past: true }]);
  await worker.stop(5_000);
});

test('an event may be dated as far ahead of its message as is declared, and not a microsecond further', async () => {
  const { place, pipeline, tables } = timed;
  const store = await timed.open('worker');
  const [last, beyond] = [order('last', { at: DAY_MS }), order('beyond', { at: DAY_MS + 0.001 })];
  const totals = await run(pipeline, store, [[message(JSON.stringify([last, beyond]), { sentAt: SENT_AT })]]);
  expect(totals).toMatchObject({ committed: 1, rejected: 1 });
  expect(await place.events(tables.orders)).toBe(1);
  expect(await place.rejects()).toMatchObject([{ reason: 'in-future', body: JSON.stringify(beyond) }]);
});
