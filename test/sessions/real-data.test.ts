import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  acknowledge,
  count,
  decode,
  epochMicros,
  eventTable,
  exactDistinct,
  foldInto,
  json,
  memoryStore,
  pipeline,
  session,
  snapshot,
  type Store,
  transaction,
  verify,
  windowTable,
} from '../../src/index.ts';
import { shuffled } from '../contracts/shuffled.ts';
import { together } from '../contracts/store-under-test.ts';
import { GA4_NDJSON, hasRealData, linesOf, NO_REAL_DATA, REES46, truth } from '../support/e2e-data.ts';
import { atOnce, run } from '../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../support/postgres-place.ts';
import { naiveSessions } from './naive-sessions.ts';

const Click = z.object({ id: z.string(), at: z.number(), user: z.string(), type: z.string() });
type Click = z.infer<typeof Click>;

const GAP_US = 30 * 60 * 1_000_000;
const clicks = eventTable('clicks', {
  schema: Click,
  id: (e) => e.id,
  time: (e) => epochMicros(e.at),
  keep: 'forever',
});
const visits = windowTable('visits', clicks, {
  window: session({ gap: '30m' }),
  key: { user: (e) => e.user },
  measures: { events: count(), types: exactDistinct((e) => e.type) },
});
const graph = pipeline('clicks', [clicks, visits], ({ messages, store }) =>
  messages.pipe(
    decode(json(clicks)),
    transaction(store, { once: clicks, retry: atOnce }, (fresh$) => fresh$.pipe(foldInto(visits))),
    acknowledge(),
  ),
);

const ga4 = (): Click[] =>
  linesOf(GA4_NDJSON).map((line, n) => {
    const { event_timestamp, user_pseudo_id, event_name } = JSON.parse(line) as Record<string, string>;
    return { id: `${n}`, at: Number(event_timestamp), user: user_pseudo_id as string, type: event_name as string };
  });

/** The last line is cut off. */
const rees46 = (): Click[] =>
  linesOf(REES46)
    .slice(1)
    .map((line) => line.split(','))
    .filter((fields) => fields.length === 9)
    .map(([time = '', type = '', , , , , , user = ''], n) => ({
      id: `${n}`,
      at: Date.parse(time) * 1_000,
      user,
      type,
    }));

/** A session as text: user, start, end, events, types. */
const naive = (all: readonly Click[]): string[] =>
  naiveSessions(all, GAP_US, ({ user }) => user)
    .map(({ key, start, end, events }) =>
      [key, start, end, events.length, new Set(events.map(({ type }) => type)).size].join(' '),
    )
    .sort();

const ORDERS: Readonly<Record<string, (all: readonly Click[]) => Click[]>> = {
  'export order': (all) => [...all],
  'order of time': (all) => all.toSorted((a, b) => a.at - b.at),
  'no order': (all) => shuffled(all, 20_260_101),
};

const EVENTS_A_FLUSH = 2_500;
/** All of it, by the stores at once. */
async function flushAll(all: readonly Click[], stores: readonly Store[]): Promise<void> {
  const flushes = Array.from({ length: Math.ceil(all.length / EVENTS_A_FLUSH) }, (_, n) =>
    all.slice(n * EVENTS_A_FLUSH, (n + 1) * EVENTS_A_FLUSH),
  );
  await Promise.all(
    stores.map(async (store) => {
      for (let flush = flushes.shift(); flush; flush = flushes.shift()) await run(graph, store, [together(flush)]);
    }),
  );
}

let place: PostgresPlace;
beforeAll(async () => {
  place = await postgresPlace();
});
afterAll(() => place.close());

describe.each([
  { name: 'GA4', file: GA4_NDJSON, counted: truthOf('ga4_merch_2020-12-25_2020-12-27.csv.gz'), read: ga4 },
  { name: 'REES46', file: REES46, counted: truthOf(REES46), read: rees46 },
])('the sessions of $name, half an hour apart', ({ counted, read }) => {
  let all: Click[];
  let expected: string[];
  beforeAll(() => {
    if (!hasRealData) return;
    all = read();
    expected = naive(all);
  });
  beforeEach(({ skip }) => skip(!hasRealData, NO_REAL_DATA));

  test('are as many as were counted independently', () => {
    expect(expected).toHaveLength(counted as number);
  });

  test.each(Object.keys(ORDERS))(
    '%s: by four workers at once on Postgres, to the microsecond',
    { timeout: 240_000 },
    async (order) => {
      const stores = await Promise.all(['a', 'b', 'c', 'd'].map((name) => place.open(graph, name)));
      await place.query('truncate clicks, visits, visits_types');
      await flushAll((ORDERS[order] as (typeof ORDERS)[string])(all), stores);
      const rows = await place.query<{ line: string }>(`
      select concat_ws(' ', "user", (extract(epoch from window_start) * 1000000)::bigint, (extract(epoch from window_end) * 1000000)::bigint, events, types) as line
      from visits_windows`);
      expect(rows.map(({ line }) => line).sort()).toEqual(expected);
      const found = await snapshot(place.url, graph, (view) => verify(graph, view));
      expect(found).toMatchObject({ equal: true, events: all.length, windows: counted });
    },
  );

  test.each(Object.keys(ORDERS))('%s: in memory', { timeout: 120_000 }, async (order) => {
    const store = memoryStore(graph);
    await flushAll((ORDERS[order] as (typeof ORDERS)[string])(all), [store]);
    const rows = store
      .rows('visits')
      .map(
        ({ user, window_start, window_end, events, types }) =>
          `${user} ${window_start} ${window_end} ${events} ${types}`,
      );
    const iso = (us: number): string => new Date(us / 1_000).toISOString();
    const toMs = (line: string): string =>
      line.replace(/ (\d+) (\d+) /, (_, start, end) => ` ${iso(Number(start))} ${iso(Number(end))} `);
    expect(rows.sort()).toEqual(expected.map(toMs).sort());
  });
});

function truthOf(file: string): number | undefined {
  return hasRealData ? truth(file).sessions_gap_30min : undefined;
}
