import { afterEach, expect, test } from 'vitest';
import type { Store } from '../../src/index.ts';
import { SENT_AT } from '../support/message.ts';
import { order } from '../support/orders.ts';
import { timedPipeline, type TimedPlace, timedPlace } from './timed-place.ts';
import { timedOrders, type Timing } from './timed-orders.ts';

const cheap = (id: string) => order(id, { product: 'mug', cents: 1 });
const MOVE = `update scalestream.pipelines set version = 'another'`;
const FENCED = { failure: 'fenced' };

let timed: TimedPlace;
let old: Store;
afterEach(() => timed.place.close());

async function begin(late: Timing['late']): Promise<void> {
  timed = await timedPlace({ late });
  old = await timed.open('old');
  await timed.deliver(old, cheap('a'));
  await timed.passes(14_000);
}

const reached = () =>
  timed.place.query(
    `select watermark, (select frontier from scalestream.tables where name = 'orders') from scalestream.watermarks`,
  );

test.each(['revise', 'divert'] as const)(
  'where a later version waits longer for late events, a worker of the one before reports, flushes and closes nothing (%s)',
  async (late) => {
    await begin(late);
    const later = timedPipeline(timedOrders({ lateness: 60_000, late, skew: 100 }));
    const database = timed.place.database();
    await database.migrate(later);
    const before = await reached();
    await expect(old.time.report({ low: SENT_AT + 90_000, source: 'test', holding: false })).rejects.toMatchObject(
      FENCED,
    );
    await expect(timed.deliver(old, cheap('b'))).rejects.toMatchObject(FENCED);
    await expect(old.time.tick()).rejects.toMatchObject(FENCED);
    expect(await reached()).toEqual(before);
    expect(await timed.windows()).toEqual([{ product: 'mug', orders: '1', state: 'open', revision: '1' }]);
    const store = await database.open(later, { worker: 'new' });
    expect(await store.time.tick()).toEqual({ final: 0, revised: 0 });
    await timed.passes(64_000);
    expect(await store.time.tick()).toEqual({ final: 1, revised: 0 });
  },
);

test.each(['revise', 'divert'] as const)('a tick that waits for the version to move is fenced (%s)', async (late) => {
  await begin(late);
  const release = await timed.hold(MOVE);
  const ticking = expect(old.time.tick()).rejects.toMatchObject(FENCED);
  await timed.place.waiting(1);
  await release();
  await ticking;
  expect(await timed.windows()).toMatchObject([{ state: 'open' }]);
});

test('a version does not move beneath a tick under way: what that made final is final', async () => {
  await begin('revise');
  const release = await timed.hold('select from trade for update');
  const ticking = old.time.tick();
  await timed.place.waiting(1);
  let moved = false;
  const moving = timed.hold(MOVE).then((commit) => {
    moved = true;
    return commit();
  });
  await timed.place.waiting(2);
  expect(moved).toBe(false);
  await release();
  await moving;
  // It may be fenced before it comes to the next table.
  await ticking.catch((error: unknown) => expect(error).toMatchObject(FENCED));
  expect(await timed.windows()).toMatchObject([{ state: 'final' }]);
  await expect(old.time.tick()).rejects.toMatchObject(FENCED);
});

const report = (ms: number) => old.time.report({ low: SENT_AT + ms, source: 'test', holding: false });

test('a report that comes while the version moves waits for it, is fenced, and moves no watermark by the old skew', async () => {
  await begin('revise');
  const before = await reached();
  const release = await timed.hold(MOVE);
  const reporting = expect(report(20_000)).rejects.toMatchObject(FENCED);
  await timed.place.waiting(1);
  await release();
  await reporting;
  expect(await reached()).toEqual(before);
});

test('a version does not move beneath a report under way: what that made of the watermark stands, and the next one is refused', async () => {
  await begin('revise');
  const release = await timed.hold('select from scalestream.watermarks for update');
  const reporting = report(20_000);
  await timed.place.waiting(1);
  let moved = false;
  const moving = timed.hold(MOVE).then((commit) => {
    moved = true;
    return commit();
  });
  await timed.place.waiting(2);
  expect(moved).toBe(false);
  await release();
  expect(await reporting).toMatchObject({ moved: true });
  await moving;
  const before = await reached();
  await expect(report(30_000)).rejects.toMatchObject(FENCED);
  expect(await reached()).toEqual(before);
});
