import { merge } from 'rxjs';
import { expect, onTestFinished, test } from 'vitest';
import {
  acknowledge,
  count,
  decode,
  exactDistinct,
  type Flush,
  foldInto,
  json,
  pipeline,
  session,
  snapshot,
  StoreError,
  transaction,
  tumbling,
  verify,
  windowTable,
} from '../../src/index.ts';
import { together } from '../contracts/store-under-test.ts';
import { type Fact, fact, facts } from '../measures/facts.ts';
import { atOnce, run } from '../support/orders.ts';
import { postgresPlace } from '../support/postgres-place.ts';

const measures = { n: count(), users: exactDistinct((e: Fact) => e.user) };
const byPage = windowTable('by_page', facts, {
  window: session({ gap: '2s' }),
  key: { page: (e) => e.page },
  measures,
});
const minutes = windowTable('minutes', facts, { window: tumbling('1m'), key: { page: (e) => e.page }, measures });
const byUser = windowTable('by_user', facts, {
  window: session({ gap: '5s' }),
  key: { who: (e) => e.user ?? '' },
  measures,
});
const all = [byPage, minutes, byUser];
const graph = pipeline('facts', [facts, ...all], ({ messages, store }) =>
  messages.pipe(
    decode(json(facts)),
    transaction(store, { once: facts, retry: atOnce }, (fresh$) =>
      merge(...all.map((table) => fresh$.pipe(foldInto(table)))),
    ),
    acknowledge(),
  ),
);

test('four workers at once, two session tables and another one between them: no flush ends in a deadlock, and all is right', async () => {
  const place = await postgresPlace();
  onTestFinished(() => place.close());
  const failures: string[] = [];
  let seed = 11;
  const pick = (n: number): number => (seed = (seed * 48_271) % 2_147_483_647) % n;
  await Promise.all(
    ['a', 'b', 'c', 'd'].map(async (name) => {
      const store = await place.open(graph, name);
      const commit = (flush: Flush) =>
        store.commit(flush).catch((error: unknown) => {
          failures.push(error instanceof StoreError ? error.reason : String(error));
          throw error;
        });
      for (let n = 0; n < 25; n++) {
        const some = Array.from({ length: 80 }, () => {
          const id = pick(8_000);
          return fact(id, { at: (id * 97) % 200_000, page: `page ${id % 30}`, user: `user ${(id * 7) % 50}` });
        });
        await run(graph, { ...store, commit }, [together(some)]);
      }
    }),
  );
  expect(failures).toEqual([]);
  const found = await snapshot(place.url, graph, (view) => verify(graph, view));
  expect(found.equal).toBe(true);
  expect(found.windows).toBeGreaterThan(1_000);
});
