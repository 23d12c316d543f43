import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  count,
  countIf,
  exactDistinct,
  hopping,
  type Measure,
  max,
  mean,
  memoryStore,
  min,
  ratio,
  snapshot,
  sum,
  variance,
  verify,
} from '../../src/index.ts';
import { together } from '../contracts/store-under-test.ts';
import { type Fact, measured, someFacts } from '../measures/facts.ts';
import { run } from '../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../support/postgres-place.ts';
import { naiveWindows } from './naive-hopping.ts';

const SIZE_MS = 30_000;
const HOP_MS = 10_000;
const WORKERS = 3;

const MEASURES: Readonly<Record<string, Measure<Fact>>> = {
  facts: count(),
  large: countIf((e) => Number(e.value) > 1),
  total: sum((e) => e.value),
  least: min((e) => e.value),
  most: max((e) => e.value),
  average: mean((e) => e.value),
  spread: variance((e) => e.value),
  bought: ratio(
    countIf((e) => e.step === 'buy'),
    count(),
  ),
  users: exactDistinct((e) => e.user),
};

let place: PostgresPlace;
beforeAll(async () => {
  place = await postgresPlace();
});
afterAll(() => place.close());

test('hopping windows are the naive fold of their events, in memory and in Postgres alike, whatever the flushes, the repeats and the workers; verify finds every pane', async () => {
  const { graph, table } = measured(MEASURES, hopping({ size: `${SIZE_MS}ms`, every: `${HOP_MS}ms` }));
  const stores = await Promise.all(Array.from({ length: WORKERS }, (_, n) => place.open(graph, `worker ${n}`)));
  await fc.assert(
    fc.asyncProperty(someFacts, fc.infiniteStream(fc.nat()), async (all, chance) => {
      const pick = (n: number): number => (chance.next().value as number) % n;
      await place.query('truncate facts, measured, measured_users');
      const whole = memoryStore(graph);
      await run(graph, whole, [together(all)]);
      const flushes: Fact[][] = Array.from({ length: 1 + pick(8) }, () => []);
      for (const each of [...all, ...all.filter(() => pick(4) === 0)]) flushes[pick(flushes.length)]?.push(each);
      await Promise.all(
        stores.map(async (store, i) => {
          for (const flush of flushes.filter((_, n) => n % WORKERS === i))
            if (flush.length > 0) await run(graph, store, [together(flush)]);
        }),
      );
      const rows = await place.windows(table);
      expect(rows).toEqual(whole.rows('measured'));
      expect(rows).toMatchObject(naiveWindows(all, SIZE_MS, HOP_MS));
      const found = await snapshot(place.url, graph, (view) => verify(graph, view));
      expect(found).toMatchObject({ equal: true, events: all.length });
    }),
    { numRuns: 40 },
  );
});
