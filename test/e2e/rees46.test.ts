import { Big } from 'big.js';
import { expect, test } from 'vitest';
import { scalestream } from '../support/e2e-command.ts';
import { hasRealData, linesOf, NO_REAL_DATA, realData, REES46, trueHours, truth } from '../support/e2e-data.ts';
import { contents, scene } from '../support/e2e-scene.ts';
import rees46 from './rees46.ts';

const PIPELINE = 'test/e2e/rees46.ts';

/** Events and prices by category, added up here from the whole rows of the file. No field of it is quoted. */
function trueCategories(): Map<string, { events: number; prices: Big }> {
  const categories = new Map<string, { events: number; prices: Big }>();
  for (const line of linesOf(REES46).slice(1)) {
    const fields = line.split(',');
    if (fields.length !== 9) continue;
    const [, , , category = '', , , price = ''] = fields;
    const known = categories.get(category) ?? { events: 0, prices: new Big(0) };
    categories.set(category, { events: known.events + 1, prices: known.prices.plus(price) });
  }
  return categories;
}

test('a store of real events: every hour, type, category digit and cent; the line cut off is one reject; sent twice, nothing changes', {
  timeout: 120_000,
}, async ({ skip }) => {
  skip(!hasRealData, NO_REAL_DATA);
  const set = await scene();
  const { env, sql } = set;
  const WHOLE = truth(REES46).rows - 1;
  const sendAndRun = async () => {
    const sent = await scalestream(['produce', '--file', realData(REES46), '--pack', '250'], env);
    expect(sent, sent.err).toMatchObject({ code: 0 });
    const ran = await scalestream(['run', PIPELINE, '--until-drained', '--json'], env);
    expect(ran, ran.err).toMatchObject({ code: 0 });
    return ran.json();
  };

  expect(await sendAndRun()).toMatchObject({ committed: WHOLE, duplicates: 0, rejected: 1 });
  const activity = await sql<{ window_start: Date; event_type: string; events: string; revenue: string }[]>`
    select window_start, event_type, events::text, revenue::text from rees46_activity order by 1, 2`;
  expect(
    activity.map((row) => ({
      hour: row.window_start.toISOString().slice(0, 13),
      type: row.event_type,
      events: Number(row.events),
      money: new Big(row.revenue).toFixed(),
    })),
  ).toEqual(trueHours(REES46));

  const expected = trueCategories();
  expect([...expected.keys()].some((category) => String(Number(category)) !== category)).toBe(true);
  const categories = await sql<{ category_id: string; events: string; prices: string }[]>`
    select category_id::text, sum(events)::text as events, sum(prices)::text as prices from rees46_categories group by 1`;
  expect(new Map(categories.map((row) => [row.category_id, `${row.events} ${new Big(row.prices).toFixed()}`]))).toEqual(
    new Map([...expected].map(([category, { events, prices }]) => [category, `${events} ${prices.toFixed()}`])),
  );
  const raw = await sql<{ category: string; n: number; same: boolean }[]>`
    select event->>'category_id' as category, count(*)::int as n, bool_and(event->>'category_id' = category_id::text) as same
    from rees46_events group by 1`;
  expect(raw.every(({ same }) => same)).toBe(true);
  expect(new Map(raw.map(({ category, n }) => [category, n]))).toEqual(
    new Map([...expected].map(([category, { events }]) => [category, events])),
  );

  const rejects = await sql<{ reason: string; detail: string; stage: string; body: string }[]>`
    select reason, detail, stage, convert_from(body, 'UTF8') as body from scalestream.rejects`;
  expect(rejects).toHaveLength(1);
  expect(rejects[0]).toMatchObject({ reason: 'schema', stage: 'decode' });
  expect(JSON.parse(rejects[0]?.body ?? '')).toMatchObject({
    malformed_row: { product_id: '10900305', user_id: '52040330' },
    columns: 8,
    expected_columns: 9,
  });

  const before = await contents(set, rees46);
  expect(await sendAndRun()).toMatchObject({ committed: 0, duplicates: WHOLE + 1, rejected: 0, windows: 0 });
  expect(await contents(set, rees46)).toEqual(before);
  const verified = await scalestream(['verify', PIPELINE, '--json'], env);
  expect(verified.code).toBe(0);
  expect(verified.json()).toMatchObject({ equal: true, events: WHOLE, differing: 0, rejects: 1 });
});
