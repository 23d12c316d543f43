import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hopping, memoryStore, session, snapshot, tumbling, verify, type Window } from '../../src/index.ts';
import { measureColumns } from '../../src/sinks/postgres/readings.ts';
import { together } from '../contracts/store-under-test.ts';
import { run } from '../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../support/postgres-place.ts';
import { MEASURES, TRUNCATE } from './every-measure.ts';
import { type Fact, measured, someFacts } from './facts.ts';

let place: PostgresPlace;
beforeAll(async () => {
  place = await postgresPlace();
});
afterAll(() => place.close());

test('every measure rolled up is what it is in windows of that size: with the key, and without', async () => {
  const fine = measured(MEASURES, tumbling('5s'));
  const coarse = measured(MEASURES, tumbling('1h'));
  const columns = measureColumns(fine.table).map(({ column, type }) =>
    type === 'numeric' ? `trim_scale("${column}")::text as "${column}"` : `"${column}"::text`,
  );
  const rolledUp = (keep: string) =>
    place.query(
      `select ${['page', ...columns].join(', ')} from measured_rollup('hour', timestamptz '2025-12-01', timestamptz '2026-02-01'${keep}) order by page`,
    );
  const inHours = async (facts: readonly Fact[]) => {
    const store = memoryStore(coarse.graph);
    await run(coarse.graph, store, [together(facts)]);
    return store.rows('measured').map((row) => ({ ...row, window_start: undefined }));
  };
  const store = await place.open(fine.graph);
  await fc.assert(
    fc.asyncProperty(someFacts, async (facts) => {
      await place.query(TRUNCATE);
      await run(fine.graph, store, [together(facts)]);
      expect(await rolledUp('')).toEqual(await inHours(facts));
      const all = await inHours(facts.map((each) => ({ ...each, page: 'all' })));
      expect(await rolledUp(`, keep => '{}'`)).toEqual(all.map((row) => ({ ...row, page: null })));
    }),
    { numRuns: 15 },
  );
});

test.each<[string, Window<unknown>]>([
  ['hopping windows', hopping({ size: '30s', every: '10s' })],
  ['sessions', session({ gap: '10s' })],
])('every measure of %s is in Postgres what it is in memory; verify finds every row', async (_, window) => {
  const own = await postgresPlace();
  try {
    const { graph, table } = measured(MEASURES, window);
    const stores = [await own.open(graph, 'a'), await own.open(graph, 'b')];
    await fc.assert(
      fc.asyncProperty(someFacts, async (facts) => {
        await own.query(TRUNCATE);
        const whole = memoryStore(graph);
        await run(graph, whole, [together(facts)]);
        await Promise.all(stores.map((store, i) => run(graph, store, [together(facts.filter((_, n) => n % 3 !== i))])));
        expect(await own.windows(table)).toEqual(whole.rows('measured'));
        expect(await snapshot(own.url, graph, (view) => verify(graph, view))).toMatchObject({ equal: true });
      }),
      { numRuns: 15 },
    );
  } finally {
    await own.close();
  }
});
