import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { memoryStore, snapshot, verify } from '../../src/index.ts';
import { together } from '../contracts/store-under-test.ts';
import { run } from '../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../support/postgres-place.ts';
import { MEASURES, TRUNCATE } from '../measures/every-measure.ts';
import { naiveRows } from './naive-sessions.ts';
import { chance, delivered, factsApart, GAP_MS, visits } from './some-sessions.ts';

let place: PostgresPlace;
beforeAll(async () => {
  place = await postgresPlace();
});
afterAll(() => place.close());

test('sessions in Postgres are those of all events in order, by three workers at once, with repeats; as in memory, and verify finds every row of them', async () => {
  const { graph, table } = visits;
  const stores = [await place.open(graph, 'a'), await place.open(graph, 'b'), await place.open(graph, 'c')];
  await fc.assert(
    fc.asyncProperty(factsApart, chance, async (all, pick) => {
      await place.query(TRUNCATE);
      const flushes = delivered(all, pick);
      await Promise.all(
        stores.map(async (store, i) => {
          for (const flush of flushes.filter((_, n) => n % stores.length === i))
            await run(graph, store, [together(flush)]);
        }),
      );
      const rows = await place.windows(table);
      expect(rows).toEqual(await naiveRows(all, GAP_MS, MEASURES));
      const memory = memoryStore(graph);
      for (const flush of flushes) await run(graph, memory, [together(flush)]);
      expect(rows).toEqual(memory.rows('measured'));
      const found = await snapshot(place.url, graph, (view) => verify(graph, view));
      expect(found).toMatchObject({ equal: true, events: all.length, windows: rows.length });
    }),
    { numRuns: 60 },
  );
});
