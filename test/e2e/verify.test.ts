import { expect, test } from 'vitest';
import storefront from '../../src/pipelines/storefront.ts';
import { scalestream } from '../support/e2e-command.ts';
import { counted, type Scene, scene } from '../support/e2e-scene.ts';

const PIPELINE = 'src/pipelines/storefront.ts';
const EVENTS = 2_000;
const YESTERDAY = new Date(Math.floor(Date.now() / 86_400_000) * 86_400_000 - 86_400_000).toISOString();

async function traded(): Promise<Scene> {
  const set = await scene();
  const args = ['--simulate', '--events', String(EVENTS), '--seed', '7'];
  expect(await scalestream(['produce', ...args, '--rate', '100000'], set.env)).toMatchObject({ code: 0 });
  expect(await scalestream(['run', PIPELINE, '--until-drained'], set.env)).toMatchObject({ code: 0 });
  expect(await counted(set, storefront)).toBe(EVENTS);
  return set;
}

test('verify tells a window that was changed, deleted or made up from the fold of the raw events, and exits with 1', {
  timeout: 120_000,
}, async () => {
  const { env, sql } = await traded();
  const verify = () => scalestream(['verify', PIPELINE, '--json'], env);

  const before = await verify();
  expect(before.code).toBe(0);
  const [rows] = await sql<{ windows: number }[]>`
    select ((select count(*) from product_trade) + (select count(*) from country_sales))::int as windows`;
  const windows = rows?.windows ?? 0;
  const equal = {
    equal: true,
    events: EVENTS,
    windows,
    differing: 0,
    unreadable: 0,
    rejects: 0,
    diverted: 0,
    untaken: 0,
  };
  expect(before.json()).toEqual(equal);

  const [row] = await sql<{ window_start: Date; product: string; events: string }[]>`
    update product_trade set events = events + 1
    where (window_start, product) = (select window_start, product from product_trade order by 1, 2 limit 1)
    returning window_start, product, events::text`;
  const changed = await verify();
  expect(changed.code).toBe(1);
  expect(changed.json()).toEqual({ ...equal, equal: false, differing: 1 });
  const at = `product_trade ${row?.window_start.toISOString()} product=${row?.product}`;
  expect(changed.out).toMatch(`${at}: expected {"events":"${Number(row?.events) - 1}"`);
  expect(changed.out).toMatch(`found {"events":"${row?.events}"`);

  await sql`delete from product_trade where window_start = ${row?.window_start ?? ''} and product = ${row?.product ?? ''}`;
  const deleted = await verify();
  expect(deleted.code).toBe(1);
  expect(deleted.json()).toMatchObject({ equal: false, windows: windows - 1, differing: 1 });
  expect(deleted.out).toMatch(`${at}: expected {`);
  expect(deleted.out).toMatch(/; found no row$/m);

  await sql`insert into country_sales (window_start, country, currency, purchases, revenue_cents, basket_cents_sum, basket_cents_count)
    values (${YESTERDAY}, 'Atlantis', 'EUR', 1, 5, 5, 1)`;
  const madeUp = await verify();
  expect(madeUp.code).toBe(1);
  expect(madeUp.json()).toMatchObject({ equal: false, windows, differing: 2 });
  expect(madeUp.out).toMatch(`country_sales ${YESTERDAY} country=Atlantis currency=EUR: expected no row; found {`);
});

test('verify names a raw event that can no longer be read, and compares all the same', {
  timeout: 60_000,
}, async () => {
  const { env, sql } = await traded();
  const [row] = await sql<{ id: string }[]>`
    update shop_events set event = '{"garbage":1}' where event_id = (select event_id from shop_events order by event_time limit 1)
    returning event_id::text as id`;
  const verified = await scalestream(['verify', PIPELINE, '--json'], env);
  expect(verified.code, verified.err).toBe(1);
  expect(verified.out).toMatch(`raw event ${row?.id}: it no longer satisfies the schema: `);
  expect(verified.json()).toMatchObject({ equal: false, events: EVENTS, unreadable: 1, differing: 1 });
});

test('verify tells the raw events that were diverted: they are in no window', { timeout: 60_000 }, async () => {
  const { env, sql } = await traded();
  await sql`insert into shop_events (event_time, event_id, counted, event)
    select event_time, gen_random_uuid(), false, event from shop_events order by event_time limit 2`;
  const verified = await scalestream(['verify', PIPELINE, '--json'], env);
  expect(verified.code, verified.err).toBe(0);
  expect(verified.out).toMatch(/^equal: .* of 2,000 raw events; 0 rejects, 2 diverted$/m);
  expect(verified.json()).toMatchObject({ equal: true, events: EVENTS, diverted: 2 });
});

test('verify finds a raw event that was taken away', { timeout: 60_000 }, async () => {
  const { env, sql } = await traded();
  await sql`delete from shop_events where event_id = (select event_id from shop_events order by event_time limit 1)`;
  const verified = await scalestream(['verify', PIPELINE, '--json'], env);
  expect(verified.code).toBe(1);
  expect(verified.json()).toMatchObject({ equal: false, events: EVENTS - 1 });
});

test('verify of a database without the tables is refused with one clear message', async () => {
  const { env } = await scene();
  const { code, err } = await scalestream(['verify', PIPELINE], env);
  expect(code).toBe(78);
  expect(err.trim().split('\n')).toHaveLength(1);
  expect(err).toMatch(
    /expected the pipeline's tables; got .*shop_events.*does not exist.*Fix: run scalestream migrate first/,
  );
});
