import { Big } from 'big.js';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import ga4 from '../../src/pipelines/ga4.ts';
import { command, scalestream } from '../support/e2e-command.ts';
import {
  GA4_CSV,
  GA4_NDJSON,
  hasRealData,
  linesOf,
  NO_REAL_DATA,
  realData,
  trueHours,
  truth,
} from '../support/e2e-data.ts';
import { contents, counted, type Scene, scene } from '../support/e2e-scene.ts';

const PIPELINE = 'src/pipelines/ga4.ts';
const { rows: ROWS } = hasRealData ? truth(GA4_CSV) : { rows: 0 };
/** A deadline, not a duration: far above what a loaded machine takes. */
const PATIENCE = { timeout: 120_000, interval: 100 };

const hourOf = (start: Date): string => start.toISOString().slice(0, 13);
const decimal = (text: string): string => new Big(text).toFixed();

/** Hours, types, purchases and money are those that were counted independently. */
async function expectTruth({ sql }: Scene, file: string): Promise<void> {
  const activity = await sql<{ window_start: Date; event_name: string; events: string }[]>`
    select window_start, event_name, events::text from ga4_activity order by 1, 2`;
  const sales = await sql<{ window_start: Date; purchases: string; revenue_usd: string }[]>`
    select window_start, purchases::text, revenue_usd::text from ga4_sales order by 1`;
  const expected = trueHours(GA4_CSV);
  expect(activity.map((row) => `${hourOf(row.window_start)} ${row.event_name} ${row.events}`)).toEqual(
    expected.map(({ hour, type, events }) => `${hour} ${type} ${events}`).sort(),
  );
  expect(sales.map((row) => `${hourOf(row.window_start)} ${row.purchases} ${decimal(row.revenue_usd)}`)).toEqual(
    expected
      .filter(({ type }) => type === 'purchase')
      .map(({ hour, events, money }) => `${hour} ${events} ${decimal(money)}`)
      .sort(),
  );
  const types = await sql<{ event_name: string; n: number }[]>`
    select event_name, sum(events)::int as n from ga4_activity group by 1`;
  expect(Object.fromEntries(types.map(({ event_name, n }) => [event_name, n]))).toEqual(truth(file).events_by_type);
  const [total] = await sql<{ revenue: string }[]>`select sum(revenue_usd)::text as revenue from ga4_sales`;
  expect(decimal(total?.revenue ?? '')).toBe(decimal(truth(file).purchase_revenue_usd_all_rows ?? ''));
}

let viewsOnce: string[] | undefined;

/** Page views by hour and country, counted here from the lines of the nested file. */
function trueViews(): string[] {
  const views = new Map<string, number>();
  for (const line of linesOf(GA4_NDJSON)) {
    const { event_name, event_timestamp, geo } = JSON.parse(line) as {
      event_name: string;
      event_timestamp: number;
      geo: { country: string } | null;
    };
    if (event_name !== 'page_view') continue;
    const key = `${hourOf(new Date(Math.floor(event_timestamp / 1_000)))} ${geo?.country ?? '(not set)'}`;
    views.set(key, (views.get(key) ?? 0) + 1);
  }
  return [...views].map(([key, n]) => `${key} ${n}`).sort();
}

async function expectViews({ sql }: Scene): Promise<void> {
  const rows = await sql<{ window_start: Date; country: string; views: string }[]>`
    select window_start, country, views::text from ga4_page_views`;
  expect(rows.map((row) => `${hourOf(row.window_start)} ${row.country} ${row.views}`).sort()).toEqual(
    (viewsOnce ??= trueViews()),
  );
}

describe.each([
  { name: 'flat CSV', file: GA4_CSV, send: ['--pack', '500'] },
  { name: 'nested NDJSON', file: GA4_NDJSON, send: ['--pack', '100', '--compress', 'gzip'] },
])('the real shop events as $name', ({ file, send }) => {
  beforeEach(({ skip }) => skip(!hasRealData, NO_REAL_DATA));

  test('fill windows that equal the truth in every hour, type, country and cent; sent twice, nothing changes', {
    timeout: 240_000,
  }, async () => {
    const set = await scene();
    const { env } = set;
    const sendAndRun = async () => {
      const sent = await scalestream(['produce', '--file', realData(file), ...send, '--json'], env);
      expect(sent, sent.err).toMatchObject({ code: 0 });
      expect(sent.json()).toMatchObject({ events: ROWS });
      const ran = await scalestream(['run', PIPELINE, '--until-drained', '--json'], env);
      expect(ran, ran.err).toMatchObject({ code: 0 });
      return ran.json();
    };

    expect(await sendAndRun()).toMatchObject({ committed: ROWS, duplicates: 0, rejected: 0, redelivered: 0 });
    await expectTruth(set, file);
    await expectViews(set);
    const before = await contents(set, ga4);

    expect(await sendAndRun()).toMatchObject({ committed: 0, duplicates: ROWS, rejected: 0, windows: 0 });
    expect(await contents(set, ga4)).toEqual(before);
    const verified = await scalestream(['verify', PIPELINE, '--json'], env);
    expect(verified.code).toBe(0);
    expect(verified.json()).toMatchObject({ equal: true, events: ROWS, differing: 0, rejects: 0 });
  });
});

test('three workers at once, each event sent twice: the same windows', { timeout: 240_000 }, async ({ skip }) => {
  skip(!hasRealData, NO_REAL_DATA);
  const set = await scene();
  const { env, queue } = set;
  const workers = ['a', 'b', 'c'].map((name) =>
    command(['run', PIPELINE, '--worker', name, '--max-messages', '40', '--json'], env),
  );
  await Promise.all(workers.map((worker) => worker.said(/worker of 'ga4'/)));
  for (const pack of ['200', '333']) {
    const sent = await scalestream(['produce', '--file', realData(GA4_CSV), '--pack', pack], env);
    expect(sent, sent.err).toMatchObject({ code: 0 });
  }
  await vi.waitUntil(async () => {
    const { visible, inFlight } = await queue.counts();
    return visible + inFlight === 0;
  }, PATIENCE);
  expect(await counted(set, ga4)).toBe(ROWS);

  for (const worker of workers) worker.child.kill('SIGTERM');
  const ended = await Promise.all(workers.map((worker) => worker.ended));
  const committed = ended.map(({ code, err, json }) => {
    expect(code, err).toBe(0);
    return Number(json()['committed']);
  });
  expect(Math.min(...committed)).toBeGreaterThan(0);
  expect(committed.reduce((sum, n) => sum + n)).toBe(ROWS);
  await expectTruth(set, GA4_CSV);
  await expectViews(set);
  expect((await scalestream(['verify', PIPELINE], env)).code).toBe(0);
});
