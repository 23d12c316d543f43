import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { orderPipeline } from '../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../support/postgres-place.ts';

const pipeline = orderPipeline();
const SENT = Date.UTC(2026, 0, 1);
const told = (low: number) => ({ low, source: 'orders', holding: true });
const { skew } = pipeline.events;

let place: PostgresPlace;
beforeEach(async () => {
  place = await postgresPlace();
});
afterEach(() => place.close());

/** As if so long had passed in which nobody could report. */
const silence = (span: string) =>
  place.query(`update scalestream.workers set told_at = told_at - interval '${span}', seen_at = seen_at - interval '${span}',
    expires_at = expires_at - interval '${span}', woken_at = woken_at - interval '${span}'`);
/** A worker that comes back looks first whether anybody has reported: one that was opened now does as well. */
const another = () => place.database().open(pipeline, { worker: 'another' });

test('after a silence of all, whoever reports first passes nobody who lived when it began', async () => {
  const [a, b] = [await place.open(pipeline), await another()];
  await a.time.report(told(SENT));
  await b.time.report(told(SENT));
  await silence('10 minutes');
  const c = await another();
  const first = await c.time.report(told(SENT + 600_000));
  expect(first.watermark).toBe((SENT - skew) * 1_000);
  await a.time.report(told(SENT + 1_000));
  await b.time.report(told(SENT + 700_000));
  await vi.waitUntil(
    async () => (await c.time.report(told(SENT + 700_000))).watermark === (SENT + 1_000 - skew) * 1_000,
  );
});

test('a worker that died is given up although others run now and then only, each after a silence of all', async () => {
  const dead = await place.open(pipeline);
  await dead.time.report(told(SENT));
  const reached: (number | undefined)[] = [];
  for (let run = 1; run <= 6; run++) {
    await silence('20 seconds');
    const brief = await another();
    reached.push((await brief.time.report(told(SENT + run * 20_000))).watermark);
    await brief.time.leave();
  }
  // It lives for 75 s after its report, and the first silence of 20 s does not count.
  const held = (SENT - skew) * 1_000;
  expect(reached.slice(0, 4)).toEqual([held, held, held, held]);
  expect(reached[5]).toBe((SENT + 120_000 - skew) * 1_000);
});

test('who fell silent alone is passed once its life is over', async () => {
  const [a, b] = [await place.open(pipeline), await another()];
  await a.time.report(told(SENT));
  await silence('2 minutes');
  await b.time.report(told(SENT + 1_000));
  await place.query(
    `update scalestream.workers set expires_at = clock_timestamp() - interval '1 second' where low = '2026-01-01T00:00:00Z'`,
  );
  // Moves within 20 ms of each other are left to the next report.
  await vi.waitUntil(async () => (await b.time.report(told(SENT + 2_000))).watermark === (SENT + 2_000 - skew) * 1_000);
});

test('a worker whose row is gone makes it again, and holds the watermark as before', async () => {
  const [a, b] = [await place.open(pipeline), await another()];
  await a.time.report(told(SENT));
  await b.time.report(told(SENT));
  await place.query('delete from scalestream.workers');
  await a.time.report(told(SENT + 1_000));
  await vi.waitUntil(
    async () => (await b.time.report(told(SENT + 900_000))).watermark === (SENT + 1_000 - skew) * 1_000,
  );
  await a.time.leave();
  await place.query('delete from scalestream.workers');
  await a.time.report(told(SENT + 1_000));
  expect(await place.query(`select count(*)::int as n from scalestream.workers where worker = 'worker'`)).toEqual([
    { n: 0 },
  ]);
});
