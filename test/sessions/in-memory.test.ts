import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { memoryStore } from '../../src/index.ts';
import { together } from '../contracts/store-under-test.ts';
import { run } from '../support/orders.ts';
import { MEASURES } from '../measures/every-measure.ts';
import { naiveRows } from './naive-sessions.ts';
import { chance, delivered, factsApart, GAP_MS, visits } from './some-sessions.ts';

test('sessions in memory are those of all events in order, however they are packed, disordered and repeated', async () => {
  await fc.assert(
    fc.asyncProperty(factsApart, chance, async (all, pick) => {
      const store = memoryStore(visits.graph);
      for (const flush of delivered(all, pick)) await run(visits.graph, store, [together(flush)]);
      expect(store.rows('measured')).toEqual(await naiveRows(all, GAP_MS, MEASURES));
    }),
    { numRuns: 150 },
  );
});
