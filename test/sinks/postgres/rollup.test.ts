import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  calendar,
  count,
  exactDistinct,
  funnel,
  hopping,
  type Measure,
  max,
  mean,
  memoryStore,
  min,
  session,
  sum,
  tumbling,
  variance,
  type Window,
} from '../../../src/index.ts';
import { measureColumns } from '../../../src/sinks/postgres/readings.ts';
import type { WindowTable } from '../../../src/window-table.ts';
import { together } from '../../contracts/store-under-test.ts';
import { type Fact, fact, measured, START, someFacts } from '../../measures/facts.ts';
import { run } from '../../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../../support/postgres-place.ts';

const MEASURES: Readonly<Record<string, Measure<Fact>>> = {
  facts: count(),
  total: sum((e) => e.value),
  least: min((e) => e.value),
  most: max((e) => e.value),
  average: mean((e) => e.value),
  spread: variance((e) => e.value),
  users: exactDistinct((e) => e.user),
};

const iso = (column: string): string =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as ${column}`;

/** What a roll-up answers, as the memory store shows its rows. */
function asked(place: PostgresPlace, table: WindowTable<Fact>, call: string) {
  const measures = measureColumns(table).map(({ column, type }) =>
    type === 'numeric' ? `trim_scale("${column}")::text as "${column}"` : `"${column}"::text`,
  );
  return place.query(
    `select ${[iso('window_start'), 'page', ...measures].join(', ')} from measured_rollup(${call}) order by window_start, page`,
  );
}

const NOWHERE = `timestamptz '2025-12-01', timestamptz '2026-02-01'`;

describe('a roll-up', () => {
  let place: PostgresPlace;
  beforeAll(async () => {
    place = await postgresPlace();
  });
  afterAll(() => place.close());

  const fine = measured(MEASURES, tumbling('5s'));

  async function keep(facts: readonly Fact[]): Promise<void> {
    const store = await place.open(fine.graph);
    await place.query('truncate facts, measured, measured_users');
    if (facts.length > 0) await run(fine.graph, store, [together(facts)]);
  }

  const coarse = async (facts: readonly Fact[], window: Window<unknown>) => {
    const { graph } = measured(MEASURES, window);
    const store = memoryStore(graph);
    await run(graph, store, [together(facts)]);
    return store.rows('measured');
  };

  const seed = Math.floor(Math.random() * 2 ** 31);

  test.each<[string, Window<unknown>]>([
    [
      `'15 seconds', ${NOWHERE.replaceAll('2025-12-01', '2025-12-31 23:00').replaceAll('2026-02-01', '2026-01-01 01:00')}`,
      tumbling('15s'),
    ],
    [
      `'minute', ${NOWHERE.replaceAll('2025-12-01', '2025-12-31').replaceAll('2026-02-01', '2026-01-02')}`,
      tumbling('1m'),
    ],
    [`'1 hour', ${NOWHERE}`, tumbling('1h')],
    [`'day', ${NOWHERE}, zone => 'America/New_York'`, calendar('day', { zone: 'America/New_York' })],
    [`'week', ${NOWHERE}, zone => 'Asia/Kolkata'`, calendar('week', { zone: 'Asia/Kolkata' })],
    [`'months', ${NOWHERE}, zone => 'Europe/Berlin'`, calendar('month', { zone: 'Europe/Berlin' })],
  ])('by %s is, for every measure, what windows of that size hold', async (call, window) => {
    await fc.assert(
      fc.asyncProperty(someFacts, async (facts) => {
        await keep(facts);
        expect(await asked(place, fine.table, call)).toEqual(await coarse(facts, window));
      }),
      { numRuns: 12, seed },
    );
  });

  test('without a key column is what windows without it hold: distincts are merged, not summed', async () => {
    await keep([
      fact(1, { user: 'anna' }),
      fact(2, { user: 'anna', page: 'cart' }),
      fact(3, { user: 'bert', page: 'cart', at: 7_000, value: 5 }),
    ]);
    expect(await asked(place, fine.table, `'hour', ${NOWHERE}, keep => '{}'`)).toMatchObject([
      { page: null, facts: '3', users: '2', total: '7', most: '5' },
    ]);
  });

  test('fills gaps: a bucket and key with nothing has what each measure is of nothing', async () => {
    await keep([fact(1), fact(2, { at: 130_000, page: 'cart' })]);
    const rows = await asked(
      place,
      fine.table,
      `'minute', timestamptz '2026-01-01', timestamptz '2026-01-01 00:02:01', fill => true`,
    );
    const nothing = { facts: '0', total: '0', least: null, most: null, average: null, spread: null, users: '0' };
    expect(rows).toHaveLength(6);
    expect(rows[1]).toMatchObject({ window_start: '2026-01-01T00:00:00.000Z', page: 'home', facts: '1', users: '1' });
    expect(rows[2]).toMatchObject({ window_start: '2026-01-01T00:01:00.000Z', page: 'cart', ...nothing });
    expect(rows[5]).toMatchObject({ window_start: '2026-01-01T00:02:00.000Z', page: 'home', ...nothing });
  });

  test('fills gaps of a total where there is nothing at all', async () => {
    await keep([]);
    const call = `'hour', timestamptz '2026-01-01', timestamptz '2026-01-01 03:00', keep => '{}', fill => true`;
    expect(await asked(place, fine.table, call)).toMatchObject([0, 1, 2].map(() => ({ facts: '0', users: '0' })));
  });

  test('is open while one of its windows is, or some of its time is to come; revised once one of them is', async () => {
    await keep([fact(1), fact(2, { at: 70_000 })]);
    const states = () =>
      place.query(
        `select state from measured_rollup('minute', timestamptz '2026-01-01', timestamptz '2026-01-01 00:02') order by window_start`,
      );
    const reach = (time: string): Promise<unknown> =>
      place.query(`update scalestream.watermarks set watermark = timestamptz '${time}' + interval '2 minutes'`);
    await reach('2026-01-01 00:00:59');
    expect(await states()).toEqual([{ state: 'open' }, { state: 'open' }]);
    const store = await place.open(fine.graph);
    await reach('2026-01-01 00:01:15');
    await store.time.tick();
    expect(await states()).toEqual([{ state: 'final' }, { state: 'open' }]);
    await run(fine.graph, store, [together([fact(3)])]);
    expect(await states()).toEqual([{ state: 'revised' }, { state: 'open' }]);
  });

  test.each([
    [`'7 seconds', ${NOWHERE}`, /more than 100000 buckets/],
    [`'7 seconds', timestamptz '2026-01-01', timestamptz '2026-01-02'`, /cuts windows of measured \(tumbling, of 5s\)/],
    [`'fortnight', ${NOWHERE}`, /expected minute, hour, day, week/],
    [`'2 days', ${NOWHERE}`, /expected minute, hour, day, week/],
    [`'hour', null, now()`, /expected two moments/],
    [`'hour', ${NOWHERE}, keep => '{product}'`, /expected key columns of measured: page/],
    [`'hour', ${NOWHERE}, zone => 'Mars'`, /time zone "Mars" not recognized/],
  ])('of %s is refused, saying why', async (call, why) => {
    await keep([]);
    await expect(place.query(`select * from measured_rollup(${call})`)).rejects.toThrow(why);
  });

  describe.each<[string, Window<unknown>]>([
    ['hopping windows', hopping({ size: '1m', every: '5s' })],
    ['hours of a calendar', calendar('hour', { zone: 'Europe/Berlin' })],
    ['days of a calendar', calendar('day', { zone: 'Europe/Berlin' })],
  ])('of %s', (_, window) => {
    const { graph, table } = measured(MEASURES, window);
    let other: PostgresPlace;
    beforeAll(async () => {
      other = await postgresPlace();
    });
    afterAll(() => other.close());

    test('is what windows of that size hold: each event once', async () => {
      const store = await other.open(graph);
      await fc.assert(
        fc.asyncProperty(someFacts, async (facts) => {
          await other.query('truncate facts, measured, measured_users');
          await run(graph, store, [together(facts)]);
          const call = `'week', ${NOWHERE}, zone => 'Europe/Berlin'`;
          expect(await asked(other, table, call)).toEqual(
            await coarse(facts, calendar('week', { zone: 'Europe/Berlin' })),
          );
        }),
        { numRuns: 10, seed },
      );
    });

    test('is refused where it would cut them', async () => {
      await other.open(graph);
      const finer =
        window.kind === 'hopping'
          ? `'3 seconds', '2026-01-01', '2026-01-01 01:00'`
          : `'minute', '2026-01-01', '2026-01-02'`;
      await expect(other.query(`select * from measured_rollup(${finer})`)).rejects.toThrow(/cuts windows of measured/);
      if (window.shape[0] === 'day')
        await expect(other.query(`select * from measured_rollup('month', ${NOWHERE})`)).rejects.toThrow(
          /in UTC cuts windows/,
        );
    });
  });

  test('of sessions has each where it begins', async () => {
    const sessions = measured({ facts: count(), users: exactDistinct((e) => e.user) }, session({ gap: '10s' }));
    const other = await postgresPlace();
    try {
      const store = await other.open(sessions.graph);
      await run(sessions.graph, store, [
        together([
          fact(1, { at: 55_000 }),
          fact(2, { at: 62_000, user: 'bert' }),
          fact(3, { at: 80_000 }),
          fact(4, { page: 'cart' }),
        ]),
      ]);
      const rows = await other.query(
        `select ${iso('window_start')}, facts::int, users::int from measured_rollup('minute', '2026-01-01', '2026-01-01 00:02', keep => '{}') order by 1`,
      );
      expect(rows).toEqual([
        { window_start: '2026-01-01T00:00:00.000Z', facts: 3, users: 2 },
        { window_start: '2026-01-01T00:01:00.000Z', facts: 1, users: 1 },
      ]);
    } finally {
      await other.close();
    }
  });

  test('of funnels that each session goes through counts sessions: no two are taken for one', async () => {
    const steps = { view: (e: Fact) => e.step === 'view', buy: (e: Fact) => e.step === 'buy' };
    const sessions = measured({ way: funnel({ steps }) }, session({ gap: '10s' }));
    const other = await postgresPlace();
    try {
      const store = await other.open(sessions.graph);
      const both = [fact(1, { page: 'a' }), fact(2, { page: 'a', step: 'buy', at: 1_000 })];
      const apart = [
        fact(3, { page: 'b' }),
        fact(4, { page: 'b', step: 'buy', at: 30_000 }),
        fact(5, { page: 'c', step: 'buy' }),
      ];
      await run(sessions.graph, store, [together([...both, ...apart])]);
      const rows = await other.query(
        `select way_view::int, way_buy::int from measured_rollup('hour', '2026-01-01', '2026-01-01 01:00', keep => '{}')`,
      );
      expect(rows).toEqual([{ way_view: 2, way_buy: 1 }]);
    } finally {
      await other.close();
    }
  });

  test('of windows by the day of each event’s zone keeps the zones apart, each in its own calendar', async () => {
    const zoned = measured(
      { facts: count() },
      calendar('day', { zone: (e: Fact) => e.user ?? 'UTC' }) as Window<unknown>,
    );
    const other = await postgresPlace();
    try {
      const store = await other.open(zoned.graph);
      const at = (time: string): number => Date.parse(time) - START;
      await run(zoned.graph, store, [
        together([
          fact(1, { user: 'Europe/Berlin', at: at('2025-12-31T22:30:00Z') }),
          fact(2, { user: 'Europe/Berlin', at: at('2025-12-31T23:30:00Z') }),
          fact(3, { user: 'America/New_York', at: at('2026-01-01T03:00:00Z') }),
          fact(4, { user: 'Nowhere' }),
        ]),
      ]);
      expect(await other.windows(zoned.table)).toMatchObject([
        { window_start: '2025-12-30T23:00:00.000Z', zone: 'Europe/Berlin' },
        { window_start: '2025-12-31T05:00:00.000Z', zone: 'America/New_York' },
        { window_start: '2025-12-31T23:00:00.000Z', zone: 'Europe/Berlin' },
      ]);
      const rows = await other.query(
        `select ${iso('window_start')}, ${iso('window_end')}, zone, facts::text from measured_rollup('month', '2025-12-15', '2026-01-10') order by 1, 3`,
      );
      const months = [
        ['2025-11-30T23:00:00.000Z', '2025-12-31T23:00:00.000Z', 'Europe/Berlin'],
        ['2025-12-01T05:00:00.000Z', '2026-01-01T05:00:00.000Z', 'America/New_York'],
        ['2025-12-31T23:00:00.000Z', '2026-01-31T23:00:00.000Z', 'Europe/Berlin'],
      ];
      expect(rows).toEqual(
        months.map(([window_start, window_end, zone]) => ({ window_start, window_end, zone, facts: '1' })),
      );
      expect(await other.rejects()).toMatchObject([{ detail: expect.stringMatching(/zone.*Nowhere/s) }]);
    } finally {
      await other.close();
    }
  });
});
