import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hopping, memoryStore, snapshot, verify } from '../../src/index.ts';
import { together } from '../contracts/store-under-test.ts';
import { MEASURES, TRUNCATE } from '../measures/every-measure.ts';
import { type Fact, measured, someFacts } from '../measures/facts.ts';
import { run } from '../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../support/postgres-place.ts';
import { naiveWindows } from './naive-hopping.ts';

const SIZE_MS = 30_000;
const HOP_MS = 10_000;
const WORKERS = 3;

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
      await place.query(TRUNCATE);
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
      const [first, last] = [rows[0], rows.at(-1)].map((row) => row?.['window_start'] as string);
      expect(await place.query(`select count(*)::int as n from measured_between('-infinity', 'infinity')`)).toEqual([
        { n: rows.length },
      ]);
      expect(
        await place.query(
          `select w.* from measured_windows w where window_start > '${first}' and window_start < '${last}' except select * from measured_between('${first}'::timestamptz + interval '1 ms', '${last}')`,
        ),
      ).toEqual([]);
      const found = await snapshot(place.url, graph, (view) => verify(graph, view));
      expect(found).toMatchObject({ equal: true, events: all.length });
    }),
    { numRuns: 40 },
  );
});
