import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Flush, memoryStore, StoreError } from '../../src/index.ts';
import { message } from '../support/message.ts';
import { run } from '../support/orders.ts';
import { identified, type Sale, sale } from './identified.ts';
import { shuffled } from './shuffled.ts';
import { type StoreUnderTest, together } from './store-under-test.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const diverting = identified('sales', {
  dedupe: { by: 'id', within: '1d' },
  keep: '3650d',
  late: 'divert',
  lateness: '1m',
});

const shop = identified('sales', { dedupe: { by: 'id', within: '1d' }, keep: '3650d' });

/** What becomes of ids that come again with another time, where the id alone decides. */
export function dedupeContract(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} knows retries that were stamped anew`, () => {
    let place: StoreUnderTest;
    beforeEach(async () => {
      place = await make();
    });
    afterEach(() => place.close());

    /** Which events counted: id, and hours since the messages of tests were sent. */
    const counted = async () => {
      const rows = await place.windows(shop.counted);
      expect(rows.every((row) => row['times'] === '1')).toBe(true);
      return rows.map((row) => [row['id'], (Number(row['at']) - sale('').at) / HOUR]);
    };

    test('a retry is the event itself, whatever its time and content; beyond the span it is another', async () => {
      const store = await place.open(shop.pipeline);
      const at = (hours: number, cents = 1) => sale('a', { at: hours * HOUR, cents });
      expect(await run(shop.pipeline, store, [together([at(0), sale('b')])])).toMatchObject({ committed: 2 });
      const retries = [at(1), at(24, 7), at(-24), at(0, 9), at(0)].map((retry) => together([retry]));
      expect(await run(shop.pipeline, store, retries)).toMatchObject({ committed: 0, duplicates: 5, rejected: 0 });
      expect(await run(shop.pipeline, store, [together([at(25)])])).toMatchObject({ committed: 1 });
      expect(await run(shop.pipeline, store, [together([at(49), at(0)])])).toMatchObject({ duplicates: 2 });
      expect(await counted()).toEqual([
        ['a', 0],
        ['b', 0],
        ['a', 25],
      ]);
    });

    test('of retries in one batch the earliest counts, and those too far apart count each', async () => {
      const store = await place.open(shop.pipeline);
      const hours = [30, 2, 60, 1, 26, 3, 25.5];
      const batch = together(hours.map((each) => sale('a', { at: each * HOUR })));
      // 25.5 and 26 are a day after 1, and 30 is near them; 60 is a day after those.
      expect(await run(shop.pipeline, store, [batch])).toMatchObject({ committed: 3, duplicates: 4 });
      expect(await run(shop.pipeline, store, [batch, batch])).toMatchObject({ committed: 0, diverted: 0 });
      expect(await counted()).toEqual([
        ['a', 1],
        ['a', 25.5],
        ['a', 60],
      ]);
    });

    test('where the earliest of an id is refused, the next one is the event', async () => {
      const store = await place.open(shop.pipeline);
      const unfit = together([sale('a', { shop: null }), sale('a', { at: HOUR }), sale('a', { at: 2 * HOUR })]);
      expect(await run(shop.pipeline, store, [unfit])).toMatchObject({ committed: 1, duplicates: 1, rejected: 1 });
      await place.moveHorizon(shop.sales, sale('').at + 2 * DAY);
      const old = together([sale('b', { at: DAY }), sale('b', { at: 2 * DAY }), sale('b', { at: 2 * DAY + 1 })]);
      expect(await run(shop.pipeline, store, [old])).toMatchObject({ committed: 1, duplicates: 1, rejected: 1 });
      expect(await run(shop.pipeline, store, [old])).toMatchObject({ committed: 0, duplicates: 3, rejected: 0 });
      expect(await counted()).toEqual([
        ['a', 1],
        ['b', 48],
      ]);
    });

    test('an event long before the last one of its id cannot be told from a retry: it is kept and does not count', async () => {
      const store = await place.open(shop.pipeline);
      await run(shop.pipeline, store, [together([sale('a', { at: 0 })])]);
      await run(shop.pipeline, store, [together([sale('a', { at: 3 * DAY })])]);
      const before = together([sale('a', { at: HOUR }), sale('b', { at: HOUR })]);
      expect(await run(shop.pipeline, store, [before])).toMatchObject({ committed: 1, diverted: 1, duplicates: 0 });
      expect(await run(shop.pipeline, store, [before])).toMatchObject({ committed: 0, diverted: 0, duplicates: 2 });
      expect(await run(shop.pipeline, store, [together([sale('a', { at: 0 })])])).toMatchObject({ duplicates: 1 });
      expect(await counted()).toEqual([
        ['a', 0],
        ['b', 1],
        ['a', 72],
      ]);
    });

    describe('where late events are diverted', () => {
      /** The windows of the first three hours are closed. */
      const opened = async () => {
        const store = await place.open(diverting.pipeline);
        await store.time.report({ low: sale('').at + 3 * HOUR + 120_000, source: 'test', holding: false });
        await store.time.tick();
        return store;
      };
      const hours = async () => (await counted()).map((row) => row.join(' '));

      test('a late event does not claim its id: the retry that comes in time counts, and then each is a repeat', async () => {
        const store = await opened();
        const late = together([sale('a')]);
        expect(await run(diverting.pipeline, store, [late])).toMatchObject({ committed: 0, diverted: 1 });
        expect(await run(diverting.pipeline, store, [late])).toMatchObject({ diverted: 0, duplicates: 1 });
        const inTime = together([sale('a', { at: 5 * HOUR })]);
        expect(await run(diverting.pipeline, store, [inTime])).toMatchObject({ committed: 1, diverted: 0 });
        const again = [late, inTime, together([sale('a', { at: HOUR })]), together([sale('a', { at: 6 * HOUR })])];
        expect(await run(diverting.pipeline, store, again)).toMatchObject({ committed: 0, diverted: 0, duplicates: 4 });
        expect(await hours()).toEqual(['a 5']);
      });

      test('a late event whose id counted already is a repeat; one too far from it is kept', async () => {
        const store = await opened();
        const first = [sale('a', { at: 5 * HOUR }), sale('far', { at: 30 * HOUR })];
        expect(await run(diverting.pipeline, store, [together(first)])).toMatchObject({ committed: 2 });
        const late = together([sale('a'), sale('b'), sale('far')]);
        expect(await run(diverting.pipeline, store, [late])).toMatchObject({ diverted: 2, duplicates: 1 });
        expect(await hours()).toEqual(['a 5', 'far 30']);
      });

      test('a retry that comes in time in the same batch counts, also where the flush before it is all that was done', async () => {
        const store = await opened();
        const batch = together([sale('a'), sale('a', { at: 5 * HOUR }), sale('a'), sale('a', { at: 6 * HOUR })]);
        const cut = { ...store, commit: (flush: Flush) => store.commit(flush).then(gone) };
        await expect(run(diverting.pipeline, cut, [batch])).rejects.toThrow('the worker is gone');
        expect(await run(diverting.pipeline, store, [batch])).toMatchObject({
          committed: 1,
          diverted: 0,
          duplicates: 3,
        });
        const other = [sale('b', { at: HOUR }), sale('b', { at: 5 * HOUR }), sale('b', { at: 2 * HOUR })];
        expect(await run(diverting.pipeline, store, [together(other)])).toMatchObject({
          committed: 1,
          diverted: 2,
          duplicates: 0,
        });
        expect(await hours()).toEqual(['a 5', 'b 5']);
      });
    });

    test('an id is forgotten once the watermark is past by the span and the lateness; the event itself is still known', async () => {
      const store = await place.open(shop.pipeline);
      await run(shop.pipeline, store, [together([sale('a'), sale('b', { at: HOUR })])]);
      const low = sale('').at + DAY + shop.sales.lateness + shop.sales.skew;
      await store.time.report({ low: low + 1, source: 'test', holding: false });
      await store.time.retain();
      expect(await run(shop.pipeline, store, [together([sale('a'), sale('b', { at: 0 })])])).toMatchObject({
        committed: 0,
        duplicates: 2,
      });
      await run(shop.pipeline, store, [together([sale('a', { at: HOUR })])]);
      await store.time.retain();
      const anew = [sale('a', { at: 2 * HOUR }), sale('b', { at: 2 * HOUR })];
      expect(await run(shop.pipeline, store, [together(anew)])).toMatchObject({ committed: 1, duplicates: 1 });
      expect(await counted()).toEqual([
        ['a', 0],
        ['b', 1],
        ['a', 2],
      ]);
    });

    test('whatever comes, in whatever batches: no two events of an id count within the span, and none is lost', async () => {
      const store = await place.open(shop.pipeline);
      const reference = memoryStore(shop.pipeline);
      let round = 0;
      const event = fc.record({ id: fc.constantFrom('a', 'b', 'c'), hour: fc.integer({ min: 0, max: 100 }) });
      const batches = fc.array(fc.array(event, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 5 });
      await fc.assert(
        fc.asyncProperty(batches, async (given) => {
          const prefix = `${round++} `;
          const values = given.map((batch) =>
            batch.map(({ id, hour }) => sale(prefix + id, { at: hour * HOUR, shop: prefix })),
          );
          for (const batch of values) {
            const totals = await run(shop.pipeline, store, [together(batch)]);
            expect(totals).toMatchObject({ rejected: 0, filtered: 0 });
            expect(totals.committed + totals.duplicates + totals.diverted).toBe(batch.length);
            const { windows: _, ...expected } = await run(shop.pipeline, reference, [together(batch)]);
            expect(totals).toMatchObject(expected);
          }
          const mine = (await counted()).filter(([id]) => String(id).startsWith(prefix)) as [string, number][];
          holds(values.flat(), mine);
        }),
        { numRuns: 40 },
      );
      expect(await place.windows(shop.takings)).toEqual(reference.rows(shop.takings.name));
    });

    test('four workers with overlapping retries count each id once, and none of their flushes fails', async () => {
      const stores = await Promise.all(['a', 'b', 'c', 'd'].map((worker) => place.open(shop.pipeline, worker)));
      const failures: unknown[] = [];
      const totals = await Promise.all(
        stores.map(async (store, worker) => {
          const watched = {
            ...store,
            commit: (flush: Flush) =>
              store.commit(flush).catch((error: unknown) => {
                failures.push(error);
                throw error;
              }),
          };
          const batches = Array.from({ length: 10 }, (_, round) => {
            const values = Array.from({ length: 200 }, (_, n) =>
              sale(`${n}`, { at: ((n * 7 + worker * 31 + round * 13) % 80_000) + n, shop: `shop ${n % 7}` }),
            );
            return [message(JSON.stringify(shuffled(values, worker * 100 + round).slice(0, 150)))];
          });
          return run(shop.pipeline, watched, batches);
        }),
      );
      expect(failures).toEqual([]);
      expect(totals.reduce((sum, { committed }) => sum + committed, 0)).toBe(200);
      expect(new Set((await counted()).map(([id]) => id)).size).toBe(200);
      expect(await counted()).toHaveLength(200);
    });
  });
}

function gone(): never {
  throw new StoreError('fatal', 'cut', 'the worker is gone');
}

/** Of each id: what counted is further apart than the span, and what did not count is near something that came, or before what counted. */
function holds(came: readonly Sale[], counted: readonly (readonly [string, number])[]): void {
  for (const id of new Set(came.map((each) => each.id as string))) {
    const hours = [...new Set(came.filter((each) => each.id === id).map((each) => (each.at - sale('').at) / HOUR))];
    const mine = counted.filter(([name]) => name === id).map(([, hour]) => hour);
    expect(mine.length).toBeGreaterThan(0);
    for (const [i, hour] of mine.entries()) if (i > 0) expect(hour - (mine[i - 1] as number)).toBeGreaterThan(24);
    for (const hour of hours.filter((each) => !mine.includes(each))) {
      const isNear = hours.some((other) => other !== hour && Math.abs(other - hour) <= 24);
      const isBefore = mine.some((other) => other - hour > 24);
      expect(isNear || isBefore).toBe(true);
    }
  }
}
