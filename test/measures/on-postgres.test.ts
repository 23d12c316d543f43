import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  count,
  countIf,
  exactDistinct,
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
import { run } from '../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../support/postgres-place.ts';
import { type Fact, measured, someFacts } from './facts.ts';

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

test('every measure is in Postgres what it is in memory, whatever the flushes and the workers, with repeats; and verify finds every row of it', async () => {
  const { graph, table } = measured(MEASURES);
  const stores = [await place.open(graph, 'a'), await place.open(graph, 'b')];
  await fc.assert(
    fc.asyncProperty(someFacts, fc.infiniteStream(fc.nat()), async (all, chance) => {
      const pick = (n: number): number => (chance.next().value as number) % n;
      await place.query('truncate facts, measured, measured_users');
      const whole = memoryStore(graph);
      await run(graph, whole, [together(all)]);
      const flushes: Fact[][] = Array.from({ length: 1 + pick(5) }, () => []);
      for (const each of [...all, ...all.filter(() => pick(4) === 0)]) flushes[pick(flushes.length)]?.push(each);
      await Promise.all(
        stores.map(async (store, i) => {
          for (const flush of flushes.filter((_, n) => n % stores.length === i))
            if (flush.length > 0) await run(graph, store, [together(flush)]);
        }),
      );
      expect(await place.windows(table)).toEqual(whole.rows('measured'));
      const found = await snapshot(place.url, graph, (view) => verify(graph, view));
      expect(found).toMatchObject({ equal: true, events: all.length });
    }),
    { numRuns: 40 },
  );
});

test.each(['measured', 'measured_users'])(
  'a row of %s that is not the fold of its events is found',
  async (relation) => {
    const { graph } = measured(MEASURES);
    const store = await place.open(graph);
    await place.query('truncate facts, measured, measured_users');
    await run(graph, store, [together([{ ...fc.sample(someFacts, 1)[0]?.[0], user: 'anna' }])]);
    await place.query(`update ${relation} set ${relation === 'measured' ? 'facts' : 'n'} = 7`);
    const found: unknown[] = [];
    const { equal } = await snapshot(place.url, graph, (view) => verify(graph, view, (each) => found.push(each)));
    expect({ equal, found }).toMatchObject({ equal: false, found: [{ table: relation }] });
  },
);
