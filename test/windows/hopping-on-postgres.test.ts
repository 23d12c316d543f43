import * as fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { hopping, memoryStore, snapshot, verify } from '../../src/index.ts';
import { together } from '../contracts/store-under-test.ts';
import { MEASURES, TRUNCATE } from '../measures/every-measure.ts';
import { type Fact, measured, someFacts } from '../measures/facts.ts';
import { run } from '../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../support/postgres-place.ts';
import { naiveWindows } from './naive-hopping.ts';

const WORKERS = 3;

test.each([
  [30_000, 10_000],
  [12_000, 1_000],
  [20_000, 20_000],
])(
  'hopping windows of %d ms, every %d, are the naive fold of their events, in memory and in Postgres alike, whatever the flushes, the repeats and the workers; verify finds every pane',
  async (size, hop) => {
    const place = await postgresPlace();
    onTestFinished(() => place.close());
    const { graph, table } = measured(MEASURES, hopping({ size: `${size}ms`, every: `${hop}ms` }));
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
        expect(rows).toMatchObject(naiveWindows(all, size, hop));
        await expectAllBetween(place, rows);
        const found = await snapshot(place.url, graph, (view) => verify(graph, view));
        expect(found).toMatchObject({ equal: true, events: all.length });
      }),
      { numRuns: 15 },
    );
  },
);

/** The function has the windows of the view that begin between two moments, whatever they are. */
async function expectAllBetween(place: PostgresPlace, rows: readonly Record<string, unknown>[]): Promise<void> {
  const [first, last] = [rows[0], rows.at(-1)].map((row) => String(row?.['window_start']));
  const all = `select * from measured_between('-infinity', 'infinity')`;
  const some = `select * from measured_between('${first}'::timestamptz + interval '1 ms', '${last}')`;
  const view = `select * from measured_windows`;
  expect(await place.query(`(${view} except ${all}) union all (${all} except ${view})`)).toEqual([]);
  const inner = `${view} where window_start > '${first}' and window_start < '${last}'`;
  expect(await place.query(`(${inner} except ${some}) union all (${some} except ${inner})`)).toEqual([]);
}
