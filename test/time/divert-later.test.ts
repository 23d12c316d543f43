import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Store } from '../../src/index.ts';
import { message } from '../support/message.ts';
import { order, run } from '../support/orders.ts';
import { timedOrders, type Timing } from './timed-orders.ts';
import { timedPipeline, type TimedPlace, timedPlace } from './timed-place.ts';

const cheap = (id: string, at = 0) => order(id, { at, product: 'mug', cents: 1 });

let timed: TimedPlace;
let worker: Store;
beforeEach(async () => {
  timed = await timedPlace();
  worker = await timed.open('worker');
  await timed.deliver(worker, cheap('a'), cheap('b', 4_000));
});
afterEach(() => timed.place.close());

/** Late events are diverted from now on, and one of the first window comes before any tick. */
async function divert(timing: Partial<Timing> = {}) {
  const later = timedPipeline(timedOrders({ lateness: 10_000, late: 'divert', skew: 100, ...timing }));
  const database = timed.process();
  await database.migrate(later);
  const store = await database.open(later, { worker: 'later' });
  return run(later, store, [[message(JSON.stringify([cheap('late')]))]]);
}

test('where late events are diverted from now on, final windows change no more, before the first tick already', async () => {
  await timed.passes(14_000);
  await worker.time.tick();
  const before = await timed.windows();
  expect(before.map(({ state }) => state)).toEqual(['final', 'open']);
  expect(await divert()).toMatchObject({ committed: 0, diverted: 1 });
  expect(await timed.windows()).toEqual(before);
});

test('nor with a longer lateness, by which they would be open still', async () => {
  await timed.passes(14_000);
  await worker.time.tick();
  const before = await timed.windows();
  expect(await divert({ lateness: 60_000 })).toMatchObject({ committed: 0, diverted: 1 });
  expect(await timed.windows()).toEqual(before);
});

test('a window that the watermark had passed, and no tick closed, is closed as well', async () => {
  await timed.passes(14_000);
  expect(await divert()).toMatchObject({ committed: 0, diverted: 1 });
});

test('where nothing is final yet, everything counts', async () => {
  expect(await divert()).toMatchObject({ committed: 1, diverted: 0 });
});
