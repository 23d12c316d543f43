import * as fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import {
  count,
  distinct,
  exactDistinct,
  funnel,
  type Measure,
  memoryStore,
  pipeline,
  quantiles,
  toTable,
  topK,
  whenFinal,
} from '../../src/index.ts';
import { finalWindow } from '../../src/sinks/final-window.ts';
import type { SinkBranch } from '../../src/when-final.ts';
import { together } from '../contracts/store-under-test.ts';
import { run } from '../support/orders.ts';
import { postgresPlace } from '../support/postgres-place.ts';
import { nowhere } from '../when-final/nowhere.ts';
import { MEASURES } from './every-measure.ts';
import { type Fact, fact, measured, someFacts, START } from './facts.ts';

/** Measures whose windows are delivered into the table `finals`, and to a sink. */
async function stageOf(measures: Readonly<Record<string, Measure<Fact>>>) {
  const { table, graph } = measured(measures);
  const sink = whenFinal(table, nowhere(), { name: 'sink' });
  const declared = pipeline('facts', [graph.events, table, whenFinal(table, toTable('finals')), sink], graph.graph);
  const place = await postgresPlace();
  onTestFinished(() => place.close());
  const store = await place.open(declared);
  return { place, table, declared, store, sink: sink as SinkBranch };
}

test('every measure is delivered as memory delivers it, when its window is final and again when it was revised', async () => {
  const { place, table, declared, store, sink } = await stageOf(MEASURES);
  const inMemory = memoryStore(declared);
  const seed = Math.floor(Math.random() * 2 ** 31);
  const all = fc.sample(someFacts, { seed, numRuns: 4 });
  for (const [n, flush] of all.entries()) {
    const given = flush.map((each) => ({ ...each, id: `${n} ${each.id}` }));
    for (const each of [inMemory, store]) await run(declared, each, [together(given)]);
    await inMemory.time.report({ low: START + 36_000_000, source: 'test', holding: false });
    await place.query(`update scalestream.watermarks set watermark = '2026-01-01T10:00:00Z'`);
    for (const each of [inMemory, store]) await each.time.tick();
  }
  const posted = (await store.time.outbox.claim(sink, 1_000, 1)).items.map((item) => item.window);
  const announced = inMemory.announced().map((each) => finalWindow(table, each));
  const sorted = [posted, announced].map((each) => each.toSorted((a, b) => (a.delivery < b.delivery ? -1 : 1)));
  expect(sorted[0], `seed ${seed}`).toEqual(sorted[1]);
  expect(posted.some(({ revised }) => revised)).toBe(true);

  const columns = Object.keys(posted[0]?.measures ?? {});
  const stored = await place.query<Record<string, string | null>>(
    `select extract(epoch from window_start)::bigint * 1000 as start, page, revision, ${columns.map((each) => `case when pg_typeof("${each}") = 'numeric'::regtype then trim_scale("${each}"::text::numeric)::text else "${each}"::text end as "${each}"`).join(', ')} from finals`,
  );
  const lines = posted.map(({ start, key, revision, measures }) =>
    JSON.stringify([Date.parse(start), key['page'], revision, columns.map((each) => measures[each])]),
  );
  expect(
    stored
      .map((row) =>
        JSON.stringify([Number(row['start']), row['page'], Number(row['revision']), columns.map((each) => row[each])]),
      )
      .sort(),
    `seed ${seed}`,
  ).toEqual(lines.sort());
});

test('what is read of items at an announcement is that of the revision announced, whatever a flush does meanwhile', async () => {
  const { place, declared, store } = await stageOf({
    facts: count(),
    users: exactDistinct((e) => e.user),
    visitors: distinct((e) => e.user),
    values: quantiles((e) => e.value, { p: [0.999] }),
    top: topK((e) => e.page, { k: 1 }),
    way: funnel({ by: (e) => e.user, steps: { seen: () => true } }),
  });
  /** Each fact is a flush of its own, of another user: so a row is right where all that is counted is its revision. */
  const deliver = (n: number) => run(declared, store, [together([fact(n, { user: `${n}`, value: n })])]);
  const finals = () =>
    place.query(`select revision::int, facts::int, users::int, visitors::int, (top -> 0 ->> 'n')::int as top, way_seen::int as way,
      abs(values_p99_9 / revision - 1) <= 0.01 as near from finals order by 1`);
  const right = (n: number) => ({ revision: n, facts: n, users: n, visitors: n, top: n, way: n, near: true });
  /** Ticks beside a flush that merged, and is not committed. */
  async function tickBeside(n: number): Promise<void> {
    const blocker = place.session();
    await blocker('begin; select from scalestream.workers for update');
    const flushed = deliver(n);
    await place.waiting(1);
    const ticked = store.time.tick();
    await place.waiting(2);
    await blocker('rollback');
    await Promise.all([flushed, ticked]);
  }
  await deliver(1);
  await place.query(`update scalestream.watermarks set watermark = '2026-01-01T10:00:00Z'`);
  await tickBeside(2);
  await store.time.tick();
  const closed = await finals();
  expect(closed).toEqual([right(1), right(2)].slice(-closed.length));
  await deliver(3);
  await tickBeside(4);
  await store.time.tick();
  await store.time.tick();
  const all = await finals();
  expect(all.slice(0, closed.length)).toEqual(closed);
  expect(all.slice(closed.length)).toEqual([right(3), right(4)].slice(-(all.length - closed.length)));
  expect(all.at(-1)).toEqual(right(4));
});
