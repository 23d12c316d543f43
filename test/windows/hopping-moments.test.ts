import { expect, onTestFinished, test } from 'vitest';
import {
  acknowledge,
  count,
  decode,
  exactDistinct,
  foldInto,
  hopping,
  json,
  pipeline,
  toTable,
  transaction,
  whenFinal,
  windowTable,
} from '../../src/index.ts';
import { announceStatement } from '../../src/sinks/postgres/close-statements.ts';
import { together } from '../contracts/store-under-test.ts';
import { fact, facts, START } from '../measures/facts.ts';
import { atOnce, run } from '../support/orders.ts';
import { postgresPlace } from '../support/postgres-place.ts';

test('a revision is announced with sums and items of the same panes: one that comes too late, and is not counted in it yet, is in neither', async () => {
  const place = await postgresPlace();
  onTestFinished(() => place.close());
  const views = windowTable('views', facts, {
    window: hopping({ size: '30s', every: '10s' }),
    key: {},
    measures: { n: count(), users: exactDistinct((e) => e.user) },
  });
  const graph = pipeline('p', [facts, views, whenFinal(views, toTable('views_final'))], ({ messages, store }) =>
    messages.pipe(
      decode(json(facts)),
      transaction(store, { once: facts, retry: atOnce }, (fresh$) => fresh$.pipe(foldInto(views))),
      acknowledge(),
    ),
  );
  const store = await place.open(graph);
  await run(graph, store, [together([fact(1)])]);
  await place.query(`update scalestream.watermarks set watermark = to_timestamp(${(START + 180_000) / 1_000})`);
  await store.time.tick();
  await run(graph, store, [together([fact(2), fact(3, { at: 10_000, user: 'bert' })])]);
  // Another worker announces, before this one's late pane is closed.
  await place.query(announceStatement(graph, views, '5000'));
  const told = () =>
    place.query(
      `select n::int, users::int, revision::int from views_final where window_start = '2025-12-31T23:59:50Z' order by revision`,
    );
  const first = [
    { n: 1, users: 1, revision: 1 },
    { n: 2, users: 1, revision: 2 },
  ];
  expect(await told()).toEqual(first);
  await store.time.tick();
  expect(await told()).toEqual([...first, { n: 3, users: 2, revision: 3 }]);
});
