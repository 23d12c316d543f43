import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Store } from '../../src/index.ts';
import { order } from '../support/orders.ts';
import { type TimedPlace, timedPlace } from './timed-place.ts';

/** Locks what a flush of this worker does last. */
const endOf = (worker: string) => `select from scalestream.workers where worker = '${worker}' for update`;
/** Locks what the frontier is. */
const FRONTIER = `select from scalestream.tables where name = 'orders' for update`;
const cheap = (id: string, at = 0) => order(id, { at, product: 'mug', cents: 1 });

let timed: TimedPlace;
let worker: Store;
let other: Store;
beforeEach(async () => {
  timed = await timedPlace({ late: 'divert' });
  worker = await timed.open('worker');
  other = await timed.open('other');
  await timed.deliver(worker, cheap('a'));
});
afterEach(() => timed.place.close());

const outcomes = () =>
  timed.place.query(`select event_id as id, counted from orders where event_id <> 'a' order by event_id`);

test('what a flush under way counts is in what becomes final: the frontier waits for it', async () => {
  await timed.passes(14_000);
  const release = await timed.hold(endOf('worker'));
  const flushing = timed.deliver(worker, cheap('b'));
  await timed.place.waiting(1);
  const ticking = other.time.tick();
  await timed.place.waiting(2);
  await release();
  expect(await flushing).toMatchObject({ committed: 1, diverted: 0 });
  expect(await ticking).toEqual({ final: 1, revised: 0 });
  expect(await outcomes()).toEqual([{ id: 'b', counted: true }]);
  expect(await timed.windows()).toEqual([{ product: 'mug', orders: '2', state: 'final', revision: '2' }]);
});

test('what comes while the frontier moves is diverted, and the window stays as it became final', async () => {
  await timed.passes(14_000);
  const release = await timed.hold(FRONTIER);
  const ticking = other.time.tick();
  await timed.place.waiting(1);
  const flushing = timed.deliver(worker, cheap('b'));
  await timed.place.waiting(2);
  await release();
  expect(await flushing).toMatchObject({ committed: 0, diverted: 1, late: 0 });
  expect(await ticking).toEqual({ final: 1, revised: 0 });
  // It knew no frontier: it wrote nothing, and asked again.
  expect(timed.failures).toEqual(['horizon']);
  expect(await outcomes()).toEqual([{ id: 'b', counted: false }]);
  expect(await timed.windows()).toEqual([{ product: 'mug', orders: '1', state: 'final', revision: '1' }]);
});

test('a flush that knew nearly as late a frontier judges by the new one at once', async () => {
  await timed.passes(14_000);
  await other.time.tick();
  await timed.deliver(worker, cheap('open', 4_000));
  expect(timed.failures).toEqual(['horizon']);
  await timed.passes(18_000);
  const release = await timed.hold(FRONTIER);
  const ticking = other.time.tick();
  await timed.place.waiting(1);
  const flushing = timed.deliver(worker, cheap('b', 4_000), cheap('c', 8_000));
  await timed.place.waiting(2);
  await release();
  expect(await flushing).toMatchObject({ committed: 1, diverted: 1 });
  expect(await ticking).toEqual({ final: 1, revised: 0 });
  expect(timed.failures).toHaveLength(1);
  expect(await outcomes()).toEqual([
    { id: 'b', counted: false },
    { id: 'c', counted: true },
    { id: 'open', counted: true },
  ]);
});

test('a flush does not overtake the frontier that waits for another one', async () => {
  await timed.passes(14_000);
  const release = await timed.hold(endOf('worker'));
  const first = timed.deliver(worker, cheap('b'));
  await timed.place.waiting(1);
  const ticking = other.time.tick();
  await timed.place.waiting(2);
  const second = timed.deliver(other, cheap('c'));
  await timed.place.waiting(3);
  await release();
  expect(await first).toMatchObject({ committed: 1, diverted: 0 });
  expect(await second).toMatchObject({ committed: 0, diverted: 1 });
  expect(await ticking).toEqual({ final: 1, revised: 0 });
  expect(await timed.windows()).toEqual([{ product: 'mug', orders: '2', state: 'final', revision: '2' }]);
});

test('two workers that flush all the time do not keep the frontier from moving', async () => {
  await timed.passes(14_000);
  const third = await timed.open('third');
  let moved = false;
  const counted = { committed: 0, diverted: 0 };
  const flush = async (store: Store, name: string): Promise<void> => {
    // A flush of each after the frontier moved, at least, and one under way when it does.
    for (let n = 0, after = 0; after < 2; n++, after += Number(moved)) {
      const { committed, diverted } = await timed.deliver(store, cheap(`${name} ${n}`));
      counted.committed += committed;
      counted.diverted += diverted;
    }
  };
  const flushing = [flush(worker, 'one'), flush(other, 'two')];
  const ticked = await third.time.tick();
  moved = true;
  await Promise.all(flushing);
  expect(ticked).toEqual({ final: 1, revised: 0 });
  expect(counted.diverted).toBeGreaterThan(0);
  expect(await timed.windows()).toMatchObject([{ orders: String(counted.committed + 1), state: 'final' }]);
  expect(await third.time.tick()).toEqual({ final: 0, revised: 0 });
});

test.each([['worker'], ['other']])('two that move the frontier at once, %s first: it moves once', async (first) => {
  await timed.passes(14_000);
  const release = await timed.hold(FRONTIER);
  const [one, two] = first === 'worker' ? [worker, other] : [other, worker];
  const ticking = one.time.tick();
  await timed.place.waiting(1);
  // What it would do is being done: it does not queue before the flushes that wait.
  expect(await two.time.tick()).toEqual({ final: 0, revised: 0 });
  await release();
  expect(await ticking).toEqual({ final: 1, revised: 0 });
  expect(
    await timed.place.query(
      `select (frontier = to_timestamp(1767225604)) as moved from scalestream.tables where name = 'orders'`,
    ),
  ).toEqual([{ moved: true }]);
});

test('the frontier waits longer than other statements may for a lock, once, and moves', async () => {
  const hurried = await timed.place.database({ statementMs: 1_500 }).open(timed.pipeline, { worker: 'hurried' });
  await timed.passes(14_000);
  const release = await timed.hold(endOf('worker'));
  const flushing = timed.deliver(worker, cheap('b'));
  await timed.place.waiting(1);
  const began = performance.now();
  const ticking = hurried.time.tick();
  await timed.place.waiting(2);
  await setTimeout(1_100 - (performance.now() - began)); // its lock timeout is 900 ms
  await release();
  expect(await flushing).toMatchObject({ committed: 1, diverted: 0 });
  expect(await ticking).toEqual({ final: 1, revised: 0 });
  const settings = await timed.place.query<{ gates: number }>(
    `select count(*)::int as gates from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
  );
  expect(settings).toEqual([{ gates: 0 }]);
});

test('a frontier that cannot move keeps nothing else from being done, and moves later', async () => {
  const hurried = await timed.place.database({ statementMs: 300 }).open(timed.pipeline, { worker: 'hurried' });
  await timed.passes(14_000);
  await other.time.tick();
  await timed.deliver(worker, cheap('open', 4_000));
  await timed.passes(18_000);
  const release = await timed.hold(endOf('worker'));
  const flushing = timed.deliver(worker, cheap('b', 4_000));
  await timed.place.waiting(1);
  // As if the statement after the move of the frontier before had been cut off.
  await timed.place.query('update trade set final_revision = null where final_revision is not null');
  await expect(hurried.time.tick()).rejects.toMatchObject({ failure: 'retry', reason: '55P03' });
  expect(await timed.windows()).toMatchObject([{ state: 'final' }, { state: 'open' }]);
  await release();
  await flushing;
  expect(await hurried.time.tick()).toEqual({ final: 1, revised: 0 });
});
