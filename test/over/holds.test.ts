import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  acknowledge,
  count,
  countIf,
  decode,
  deliverOnce,
  eventTable,
  foldInto,
  json,
  memoryStore,
  type Pipeline,
  pipeline,
  snapshot,
  type Store,
  sum,
  transaction,
  tumbling,
  verify,
  windowTable,
} from '../../src/index.ts';
import { together } from '../contracts/store-under-test.ts';
import { fact, facts, START } from '../measures/facts.ts';
import { SENT_AT } from '../support/message.ts';
import { atOnce, Order, order, run } from '../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../support/postgres-place.ts';
import { visiting } from './visits.ts';

let place: PostgresPlace;
beforeEach(async () => {
  place = await postgresPlace();
});
afterEach(() => place.close());

const LATENESS_MS = 120_000;
const NEVER = 10_000_000;
const reach = (at: number) =>
  place.query(`update scalestream.watermarks set watermark = greatest(watermark, to_timestamp(${at / 1_000}))`);

async function settle(graph: Pipeline, store: Store): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await store.time.tick();
    await deliverOnce(graph, store.time.outbox);
  }
}

const minutes = () =>
  place.query<{
    open: number;
    final: number;
  }>(`select count(distinct window_start) filter (where state = 'open')::int as open,
    count(distinct window_start) filter (where state = 'final')::int as final from per_minute_windows`);

test('a visit that does not end holds the minute in which it began, and no other', async () => {
  const store = await place.open(visiting);
  const bot = Array.from({ length: 400 }, (_, i) => fact(`b${i}`, { user: 'bot', at: i * 9_000 }));
  const people = Array.from({ length: 50 }, (_, i) => fact(`p${i}`, { user: `u${i}`, at: 1_000 + i * 60_000 }));
  await run(visiting, store, [together([...bot, ...people])]);
  await reach(START + 3_500_000 + LATENESS_MS);
  await settle(visiting, store);
  expect(await minutes()).toEqual([{ open: 1, final: 49 }]);
});

test('a window that an accessor refuses holds the minute to which it may belong, and no other', async () => {
  const store = await place.open(visiting);
  const people = Array.from({ length: 5 }, (_, i) => fact(`p${i}`, { user: `u${i % 4}`, at: 1_000 + i * 20_000 }));
  await run(visiting, store, [together(people)]);
  await reach(START + NEVER);
  await store.time.tick();
  await place.query(
    `update scalestream.outbox set body = jsonb_set(body::jsonb, '{measures,events}', '"many"')::json where body -> 'key' ->> 'user' = 'u1'`,
  );
  await settle(visiting, store);
  expect(await minutes()).toEqual([{ open: 1, final: 1 }]);
  expect(await snapshot(place.url, visiting, (view) => verify(visiting, view))).toMatchObject({
    equal: false,
    untaken: 1,
  });
});

test('in memory, too, a window that an accessor refuses holds what it may belong to', async () => {
  const low = windowTable('low', facts, {
    window: tumbling('10s'),
    key: { user: (e) => e.user as string },
    measures: { n: count() },
  });
  const refusing = (user: string): string => {
    if (user === 'anna') throw new Error('no anna');
    return user;
  };
  const up = windowTable('up', low, {
    window: tumbling('1m'),
    key: { user: (w) => refusing(w.key.user) },
    measures: { n: count() },
  });
  const graph = over(low, up);
  const memory = memoryStore(graph);
  await run(graph, memory, [together([fact(1), fact(2, { user: 'bert' }), fact(3, { user: 'bert', at: 90_000 })])]);
  await memory.time.report({ low: START + NEVER, source: 'test', holding: false });
  await memory.time.tick();
  expect(memory.states('up').map(({ state }) => state)).toEqual(['open', 'final']);
});

test('that a row is gone is told before its next life', async () => {
  const store = await place.open(visiting);
  await run(visiting, store, [together([fact(1), fact(2, { at: 1_000 })])]);
  await reach(START + NEVER);
  await settle(visiting, store);
  await run(visiting, store, [together([fact(3, { at: 2_000 }), fact(4, { user: 'bert', at: 30_000 })])]);
  await store.time.tick();
  // Two steps of taking, and no tick between them.
  const bert = (at: string) =>
    place.query(`update scalestream.outbox set next_at = ${at} where body -> 'key' ->> 'user' = 'bert'`);
  await bert(`now() + interval '1 hour'`);
  await deliverOnce(visiting, store.time.outbox);
  await bert('now()');
  await deliverOnce(visiting, store.time.outbox);
  await settle(visiting, store);
  const told = await place.query(
    `select revision::int, removed from per_minute_final where long = 'short' order by delivered_at`,
  );
  expect(told).toEqual([
    { revision: 1, removed: false },
    { revision: 2, removed: true },
    { revision: 3, removed: false },
  ]);
});

test('tables that were dropped together begin anew: nothing is remembered as taken', async () => {
  const round = async (worker: string): Promise<void> => {
    const store = await place.open(visiting, worker);
    await run(visiting, store, [together([fact(1), fact(2, { user: 'bert' })])]);
    await reach(START + NEVER);
    await settle(visiting, store);
    expect(await place.query('select visits::int, state from per_minute_windows')).toEqual([
      { visits: 2, state: 'final' },
    ]);
    expect(await snapshot(place.url, visiting, (view) => verify(visiting, view))).toMatchObject({
      equal: true,
      untaken: 0,
    });
  };
  await round('a');
  await place.query('drop table facts');
  const refused = await place.open(visiting, 'b').catch(String);
  const named = /is gone, but (.*) is there/.exec(refused as string)?.[1] as string;
  expect(named).toContain('per_minute$taken');
  await place.query(
    `drop table ${named
      .split(', ')
      .map((name) => `"${name}"`)
      .join(', ')} cascade`,
  );
  await round('c');
});

const over = (low: Parameters<typeof windowTable>[1] & object, up: unknown): Pipeline =>
  pipeline('p', [facts, low as never, up as never], ({ messages, store }) =>
    messages.pipe(
      decode(json(facts)),
      transaction(store, { once: facts, retry: atOnce }, (fresh$) => fresh$.pipe(foldInto(low as never))),
      acknowledge(),
    ),
  );

describe('over tumbling windows', () => {
  const low = windowTable('low', facts, {
    window: tumbling('10s'),
    key: { user: (e) => e.user as string },
    measures: { n: count() },
  });

  test('a measure that asks whether a window was revised is verified', async () => {
    const up = windowTable('up', low, {
      window: tumbling('1m'),
      key: {},
      measures: { n: count(), changed: countIf((w) => w.revised) },
    });
    const graph = over(low, up);
    const store = await place.open(graph);
    await run(graph, store, [together([fact(1)])]);
    await reach(START + NEVER);
    await settle(graph, store);
    await run(graph, store, [together([fact(2)])]);
    await settle(graph, store);
    expect(await place.windows(up)).toMatchObject([{ n: '1', changed: '1' }]);
    expect(await snapshot(place.url, graph, (view) => verify(graph, view))).toMatchObject({ equal: true, untaken: 0 });
  });

  test('of very many measures can be made', async () => {
    const measures = Object.fromEntries(Array.from({ length: 92 }, (_, i) => [`m${i}`, sum(() => i)]));
    const graph = over(low, windowTable('up', low, { window: tumbling('1m'), key: {}, measures }));
    const store = await place.open(graph);
    await run(graph, store, [together([fact(1)])]);
    await reach(START + NEVER);
    await settle(graph, store);
    expect(await place.query('select m91::int from up')).toEqual([{ m91: 91 }]);
  });
});

test('where late events are diverted from now on, a row over windows that was final changes no more', async () => {
  const graphOf = (time: { readonly lateness: '2m' | '1h'; readonly late?: 'divert' }): Pipeline => {
    const orders = eventTable('orders', {
      schema: Order,
      id: (e) => e.id,
      time: (e) => e.at,
      keep: 'forever',
      ...time,
    });
    const low = windowTable('low', orders, {
      window: tumbling('10s'),
      key: { product: (e) => e.product as string },
      measures: { n: count() },
    });
    const up = windowTable('up', low, { window: tumbling('1h'), key: {}, measures: { n: sum((w) => w.measures.n) } });
    return pipeline('p', [orders, low, up], ({ messages, store }) =>
      messages.pipe(
        decode(json(orders)),
        transaction(store, { once: orders, retry: atOnce }, (fresh$) => fresh$.pipe(foldInto(low))),
        acknowledge(),
      ),
    );
  };
  const [revising, diverting] = [graphOf({ lateness: '2m' }), graphOf({ lateness: '1h', late: 'divert' })];
  const before = await place.open(revising);
  await run(revising, before, [together([order('1'), order('2', { at: 600_000 })])]);
  await reach(SENT_AT + 3_600_000 + 180_000);
  await settle(revising, before);
  const hour = () => place.query('select n::int, state from up_windows');
  expect(await hour()).toEqual([{ n: 2, state: 'final' }]);
  const after = await place.open(diverting);
  expect(await run(diverting, after, [together([order('3', { at: 1_800_000 })])])).toMatchObject({ diverted: 1 });
  await reach(SENT_AT + 7_200_000 + 180_000);
  await settle(diverting, after);
  expect(await hour()).toEqual([{ n: 2, state: 'final' }]);
});
