import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import {
  acknowledge,
  decode,
  distinct,
  epochMicros,
  eventTable,
  exactDistinct,
  foldInto,
  funnel,
  json,
  type Measure,
  memoryStore,
  pipeline,
  quantiles,
  snapshot,
  transaction,
  tumbling,
  verify,
  windowTable,
} from '../../src/index.ts';
import { csvRecords } from '../../src/producer/csv-records.ts';
import { together } from '../contracts/store-under-test.ts';
import { GA4_CSV, hasRealData, linesOf, NO_REAL_DATA, REES46, truth } from '../support/e2e-data.ts';
import { run } from '../support/orders.ts';
import { postgresPlace } from '../support/postgres-place.ts';

const Row = z.object({
  id: z.string(),
  at: z.number(),
  name: z.string(),
  user: z.string(),
  session: z.string(),
  price: z.string().optional(),
});
type Row = z.infer<typeof Row>;
const rows = eventTable('rows', { schema: Row, id: (e) => e.id, time: (e) => e.at, keep: 'forever' });

/** Each row of a file, by the names of its columns. */
function recordsOf(file: string): Record<string, string>[] {
  const [names, ...records] = csvRecords()(`${linesOf(file).join('\n')}\n`, true);
  return records.map(({ fields }) =>
    Object.fromEntries((names?.fields ?? []).map((name, i) => [name, fields[i] ?? ''])),
  );
}

/** Folds them with four workers at once on Postgres, a fifth of them twice; gives what is read of their one window of a week, once it is what memory has. */
async function measuredBy(measures: Readonly<Record<string, Measure<Row>>>, given: readonly Row[]) {
  const place = await postgresPlace();
  onTestFinished(() => place.close());
  const table = windowTable('week', rows, { window: tumbling('7d'), key: {}, measures });
  const graph = pipeline('real', [rows, table], ({ messages, store }) =>
    messages.pipe(
      decode(json(rows)),
      transaction(store, { once: rows }, (fresh$) => fresh$.pipe(foldInto(table))),
      acknowledge(),
    ),
  );
  const whole = memoryStore(graph);
  await run(graph, whole, [together(given)]);
  const workers = ['a', 'b', 'c', 'd'];
  await Promise.all(
    workers.map(async (name, w) => {
      const store = await place.open(graph, name);
      const own = given.filter((_, i) => i % workers.length === w || i % 20 === (w + 1) % workers.length);
      for (let i = 0; i < own.length; i += 3_000) await run(graph, store, [together(own.slice(i, i + 3_000))]);
    }),
  );
  const read = await place.windows(table);
  expect(read).toEqual(whole.rows('week'));
  const found = await snapshot(place.url, graph, (view) => verify(graph, view));
  expect(found).toMatchObject({ equal: true, events: given.length });
  expect(read).toHaveLength(1);
  return read[0] as Record<string, string>;
}

describe('real events', () => {
  beforeEach(({ skip }) => skip(!hasRealData, NO_REAL_DATA));

  test('of GA4, three days: users are estimated within 3 %, and the funnel of sessions is the truth, by four workers as by one', {
    timeout: 240_000,
  }, async () => {
    const given = recordsOf(GA4_CSV).map(
      (row, i): Row => ({
        id: `${i}`,
        at: epochMicros(Number(row['event_timestamp'])),
        name: row['event_name'] ?? '',
        user: row['user_pseudo_id'] ?? '',
        session: `${row['user_pseudo_id']} ${row['ga_session_id']}`,
      }),
    );
    const is = (name: string) => (e: Row) => e.name === name;
    const found = await measuredBy(
      {
        users: distinct((e) => e.user),
        exactly: exactDistinct((e) => e.user),
        way: funnel({
          by: (e) => e.session,
          steps: { view: is('view_item'), cart: is('add_to_cart'), buy: is('purchase') },
        }),
      },
      given,
    );
    const { distinct_users: users, funnel_sessions: sessions } = truth(GA4_CSV);
    expect(found['exactly']).toBe(String(users));
    expect(Math.abs(Number(found['users']) / (users as number) - 1)).toBeLessThan(0.03);
    // counted there as sets: of these sessions, each took its steps in that order
    expect(found).toMatchObject({
      way_view: String(sessions?.['view_item']),
      way_cart: String(sessions?.['view_and_cart']),
      way_buy: String(sessions?.['view_cart_and_purchase']),
    });
  });

  test('of REES46: quantiles of prices are within 1 % of the exact ones, by four workers as by one', {
    timeout: 120_000,
  }, async () => {
    const given = recordsOf(REES46)
      .filter(({ price }) => /^\d+(\.\d+)?$/.test(price ?? ''))
      .map(
        (row, i): Row => ({
          id: `${i}`,
          at: Date.parse(`${row['event_time']?.slice(0, 19).replace(' ', 'T')}Z`),
          name: row['event_type'] ?? '',
          user: '',
          session: '',
          price: row['price'],
        }),
      );
    const p = [0.01, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999];
    const found = await measuredBy({ price: quantiles((e) => e.price, { p }) }, given);
    const sorted = given.map(({ price }) => Number(price)).sort((a, b) => a - b);
    expect(sorted.length).toBeGreaterThan(17_000);
    for (const share of p) {
      const exact = sorted[Math.ceil(share * sorted.length) - 1] as number;
      const name = `price_p${String(Number((share * 100).toFixed(3))).replace('.', '_')}`;
      expect(Math.abs(Number(found[name]) / exact - 1), `${name} of ${exact}`).toBeLessThanOrEqual(0.01);
    }
  });
});
