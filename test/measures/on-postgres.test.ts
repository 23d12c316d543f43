import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { memoryStore, snapshot, verify } from '../../src/index.ts';
import { storedOf } from '../../src/stored.ts';
import { together } from '../contracts/store-under-test.ts';
import { run } from '../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../support/postgres-place.ts';
import { MEASURES, TRUNCATE } from './every-measure.ts';
import { type Fact, fact, measured, someFacts } from './facts.ts';

let place: PostgresPlace;
beforeAll(async () => {
  place = await postgresPlace();
});
afterAll(() => place.close());

test('every measure is in Postgres what it is in memory, whatever the flushes and the workers, with repeats; and verify finds every row of it', async () => {
  const { graph, table } = measured(MEASURES);
  const stores = [await place.open(graph, 'a'), await place.open(graph, 'b')];
  await fc.assert(
    fc.asyncProperty(someFacts, fc.infiniteStream(fc.nat()), async (given, chance) => {
      // every other one at a full ten seconds, so that some are simultaneous
      const all = given.map((each, i) => (i % 2 === 0 ? each : { ...each, at: each.at - (each.at % 10_000) }));
      const pick = (n: number): number => (chance.next().value as number) % n;
      await place.query(TRUNCATE);
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

test('a row that is not the fold of its events is found, in the table of windows and in that of every measure with items', async () => {
  const { graph, table } = measured(MEASURES);
  const store = await place.open(graph);
  await place.query(TRUNCATE);
  await run(graph, store, [together([fact(1, { value: 3 })])]);
  for (const { name, parts } of storedOf(table)) {
    const column = parts.at(-1)?.column;
    const [before] = await place.query<{ value: string }>(`select ${column}::text as value from ${name}`);
    await place.query(`update ${name} set ${column} = 7`);
    const found: unknown[] = [];
    const { equal } = await snapshot(place.url, graph, (view) => verify(graph, view, (each) => found.push(each)));
    expect({ equal, found }).toMatchObject({ equal: false, found: [{ table: name }] });
    await place.query(`update ${name} set ${column} = '${before?.value}'`);
  }
});
