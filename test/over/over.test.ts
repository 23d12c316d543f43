import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { deliverOnce, memoryStore, snapshot, type Store, verify } from '../../src/index.ts';
import { together } from '../contracts/store-under-test.ts';
import { type Fact, fact, someFacts, START } from '../measures/facts.ts';
import { run } from '../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../support/postgres-place.ts';
import { naively, perMinute, visiting } from './visits.ts';

let place: PostgresPlace;
beforeEach(async () => {
  place = await postgresPlace();
});
afterEach(() => place.close());

const LATENESS_MS = 120_000;
const NEVER = 10_000_000;

/** The watermark passes all that ends so long after the start, with the lateness. */
const reach = (ms: number) =>
  place.query(
    `update scalestream.watermarks set watermark = greatest(watermark, to_timestamp(${(START + ms + LATENESS_MS) / 1_000}))`,
  );

/** What a worker does beside the flushes. */
async function tick(store: Store): Promise<void> {
  await store.time.tick();
  await deliverOnce(visiting, store.time.outbox);
  await store.time.tick();
}

/** Few users, close together: so that visits meet, and what they were before is gone. */
const withUsers = someFacts.map((all) =>
  all.map((each, i) => ({ ...each, at: START + ((each.at - START) % 70_000), user: i % 3 === 0 ? 'bert' : 'anna' })),
);
const TABLES =
  'facts, visits, visits_pages, per_minute, per_minute_users, "per_minute$taken", "per_minute_users$taken", "per_minute$gone", per_minute_final, scalestream.revised, scalestream.outbox';

test('windows over windows are the fold of those that are final, in whatever order they close and are revised, on Postgres and in memory; and what was delivered last is what they hold', async () => {
  const stores = [await place.open(visiting, 'a'), await place.open(visiting, 'b')];
  await fc.assert(
    fc.asyncProperty(withUsers, fc.infiniteStream(fc.nat()), async (all, chance) => {
      const pick = (n: number): number => (chance.next().value as number) % n;
      await place.query(`truncate ${TABLES}; update scalestream.watermarks set watermark = null`);
      const memory = memoryStore(visiting);
      const flushes: Fact[][] = Array.from({ length: 1 + pick(4) }, () => []);
      for (const each of all) flushes[pick(flushes.length)]?.push(each);
      for (const flush of flushes) {
        if (flush.length > 0)
          for (const store of [stores[pick(2)] as Store, memory]) await run(visiting, store, [together(flush)]);
        const to = pick(150_000);
        await reach(to);
        await memory.time.report({ low: START + to + LATENESS_MS + 100, source: 'test', holding: false });
        await Promise.all([tick(stores[0] as Store), tick(stores[1] as Store), memory.time.tick()]);
      }
      await reach(NEVER);
      await memory.time.report({ low: START + NEVER + LATENESS_MS + 100, source: 'test', holding: false });
      for (const store of [...stores, memory]) await tick(store);
      const expected = naively(all);
      expect(memory.rows('per_minute')).toEqual(expected);
      expect(await place.windows(perMinute)).toEqual(expected);
      const verified = await snapshot(place.url, visiting, (view) => verify(visiting, view));
      expect(verified).toMatchObject({ equal: true, events: all.length, untaken: 0 });
      const states = await place.query<{ state: string }>('select distinct state from per_minute_windows');
      expect(states.map(({ state }) => state)).not.toContain('open');
      const delivered = await place.query(`
        select to_char(window_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as window_start, long, visits::text, buying::text,
          trim_scale(events)::text as events, trim_scale(most)::text as most, users::text
        from (select distinct on (window_start, long) * from per_minute_final order by window_start, long, revision desc) last
        where not removed order by window_start, long`);
      expect(delivered).toEqual(expected);
    }),
    { numRuns: 40, endOnFailure: true },
  );
});

test('a window over windows is not final before all are that may belong to it', async () => {
  const store = await place.open(visiting);
  await run(visiting, store, [
    together([fact(1, { at: 55_000 }), fact(2, { at: 62_000 }), fact(3, { at: 1_000, user: 'bert' })]),
  ]);
  await reach(60_000);
  await tick(store);
  const state = () => place.query('select visits::int, state from per_minute_windows');
  expect(await state()).toEqual([{ visits: 1, state: 'open' }]);
  await reach(72_000);
  await tick(store);
  expect(await state()).toEqual([{ visits: 2, state: 'final' }]);
});

test('a row that has lost its last window is gone, and who received it as final is told', async () => {
  const store = await place.open(visiting);
  await run(visiting, store, [together([fact(1), fact(2, { at: 1_000 })])]);
  await reach(NEVER);
  await tick(store);
  const rows = () => place.query('select long, visits::int, users::int, state from per_minute_windows');
  expect(await rows()).toEqual([{ long: 'short', visits: 1, users: 1, state: 'final' }]);
  await run(visiting, store, [together([fact(3, { at: 2_000 })])]);
  await tick(store);
  expect(await rows()).toEqual([{ long: 'long', visits: 1, users: 1, state: 'final' }]);
  const told = await place.query(
    'select long, visits::int, users::int, revision::int, removed from per_minute_final order by long, revision',
  );
  expect(told).toEqual([
    { long: 'long', visits: 1, users: 1, revision: 1, removed: false },
    { long: 'short', visits: 1, users: 1, revision: 1, removed: false },
    { long: 'short', visits: 1, users: 1, revision: 2, removed: true },
  ]);
});

test('a row that comes again after it was gone goes on counting its revisions: none is delivered twice', async () => {
  const [store, memory] = [await place.open(visiting), memoryStore(visiting)];
  const step = async (...events: Fact[]): Promise<void> => {
    for (const each of [store, memory]) await run(visiting, each, [together(events)]);
    await reach(NEVER);
    await memory.time.report({ low: START + NEVER + LATENESS_MS + 100, source: 'test', holding: false });
    for (const each of [store, memory]) await tick(each);
  };
  await step(fact(1), fact(2, { at: 1_000 }));
  await step(fact(3, { at: 2_000 }));
  await step(fact(4, { at: 30_000 }));
  const told = await place.query<{ revision: number; removed: boolean }>(
    `select revision::int, removed from per_minute_final where long = 'short' order by revision`,
  );
  expect(told).toEqual([
    { revision: 1, removed: false },
    { revision: 2, removed: true },
    { revision: 3, removed: false },
  ]);
  const announced = memory.announced().filter(({ table, key }) => table === 'per_minute' && key[0] === 'short');
  expect(announced.map(({ revision, removed = false }) => ({ revision, removed }))).toEqual(told);
});

test('a window that an accessor refuses stays in the outbox with the error, and holds the windows that it may belong to', async () => {
  const store = await place.open(visiting);
  await run(visiting, store, [together([fact(1), fact(2, { user: 'bert' })])]);
  await reach(NEVER);
  await store.time.tick();
  await place.query(
    `update scalestream.outbox set body = jsonb_set(body::jsonb, '{measures,events}', '"many"')::json where body -> 'key' ->> 'user' = 'bert'`,
  );
  await tick(store);
  expect(await place.query('select visits::int, state from per_minute_windows')).toEqual([
    { visits: 1, state: 'open' },
  ]);
  expect(await place.query('select error from scalestream.outbox')).toEqual([
    { error: expect.stringContaining('many') },
  ]);
});

test('verify says what is not taken yet, and finds a row that is not the fold of the windows below', async () => {
  const store = await place.open(visiting);
  await run(visiting, store, [together([fact(1), fact(2, { user: 'bert' })])]);
  await reach(NEVER);
  await store.time.tick();
  const verified = () => snapshot(place.url, visiting, (view) => verify(visiting, view));
  expect(await verified()).toMatchObject({ equal: true, untaken: 2 });
  await tick(store);
  expect(await verified()).toMatchObject({ equal: true, untaken: 0 });
  await place.query('update per_minute_users set n = 2');
  expect(await verified()).toMatchObject({ equal: false, differing: 2 });
});

test('a worker of another version takes nothing', async () => {
  const store = await place.open(visiting);
  await run(visiting, store, [together([fact(1)])]);
  await reach(NEVER);
  await store.time.tick();
  await place.query(`update scalestream.pipelines set version = 'another'`);
  await expect(deliverOnce(visiting, store.time.outbox)).rejects.toMatchObject({ failure: 'fenced' });
  expect(await place.query('select count(*)::int as n from scalestream.outbox')).toEqual([{ n: 1 }]);
});
