import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Store } from '../../src/index.ts';
import { order } from '../support/orders.ts';
import { type TimedPlace, timedPlace } from './timed-place.ts';

const cheap = (id: string, product = 'mug') => order(id, { product, cents: 1 });
const END_OF_FLUSHES = 'select from scalestream.workers for update';

let timed: TimedPlace;
let worker: Store;
let other: Store;
beforeEach(async () => {
  timed = await timedPlace();
  worker = await timed.open('worker');
  other = await timed.open('other');
  await timed.deliver(worker, cheap('a'), cheap('m', 'pot'), cheap('z', 'tea'));
  await timed.passes(14_000);
  expect(await worker.time.tick()).toEqual({ final: 3, revised: 0 });
});
afterEach(() => timed.place.close());

/** Revisions by product: the last one, the one that was announced, and how many orders it holds. */
const revised = () =>
  timed.place.query(`
    select key ->> 'product' as product, revision::int, announced::int, (contents ->> 'orders')::int as orders
    from scalestream.revised order by 1`);

test('what revises a window while it is announced is announced next time', async () => {
  await timed.deliver(worker, cheap('b'), cheap('y', 'tea'));
  const release = await timed.hold(`select from scalestream.revised where key ->> 'product' = 'tea' for update`);
  const ticking = other.time.tick();
  await timed.place.waiting(1);
  const flushing = timed.deliver(worker, cheap('c'));
  await timed.place.waiting(2);
  await release();
  expect(await ticking).toEqual({ final: 0, revised: 2 });
  await flushing;
  expect(await revised()).toEqual([
    { product: 'mug', revision: 3, announced: 2, orders: 3 },
    { product: 'tea', revision: 2, announced: 2, orders: 2 },
  ]);
  expect(await worker.time.tick()).toEqual({ final: 0, revised: 1 });
  expect(await revised()).toMatchObject([{ revision: 3, announced: 3 }, { announced: 2 }]);
});

test('a tick that waits for the flush that revises a window once more announces what that flush made of it', async () => {
  await timed.deliver(worker, cheap('b'));
  const release = await timed.hold(END_OF_FLUSHES);
  const flushing = timed.deliver(worker, cheap('c'));
  await timed.place.waiting(1);
  const ticking = other.time.tick();
  await timed.place.waiting(2);
  await release();
  await flushing;
  expect(await ticking).toEqual({ final: 0, revised: 1 });
  expect(await revised()).toEqual([{ product: 'mug', revision: 3, announced: 3, orders: 3 }]);
  expect(await worker.time.tick()).toEqual({ final: 0, revised: 0 });
});

test.each([
  ['for the first time', []],
  ['again, after it was announced', ['b']],
])(
  'a window that is revised %s by a flush that a tick does not see yet is announced with the next',
  async (_, before) => {
    for (const id of before) await timed.deliver(worker, cheap(id));
    await worker.time.tick();
    const release = await timed.hold(END_OF_FLUSHES);
    const flushing = timed.deliver(worker, cheap('c'));
    await timed.place.waiting(1);
    expect(await other.time.tick()).toEqual({ final: 0, revised: 0 });
    await release();
    await flushing;
    expect(await other.time.tick()).toEqual({ final: 0, revised: 1 });
    const revision = before.length + 2;
    expect(await revised()).toEqual([{ product: 'mug', revision, announced: revision, orders: revision }]);
  },
);

test.each([
  ['worker', 'other'],
  ['other', 'worker'],
])('two announcers at once, %s first: each revision is announced once', async (first) => {
  await timed.deliver(worker, cheap('b'), cheap('y', 'tea'));
  const release = await timed.hold(`select from scalestream.revised where key ->> 'product' = 'tea' for update`);
  const [one, two] = first === 'worker' ? [worker, other] : [other, worker];
  const ticks = [one.time.tick()];
  await timed.place.waiting(1);
  ticks.push(two.time.tick());
  await timed.place.waiting(2);
  await release();
  expect(await Promise.all(ticks)).toEqual([
    { final: 0, revised: 2 },
    { final: 0, revised: 0 },
  ]);
});

const LONG_AGO = `update scalestream.revised set revised_at = revised_at - interval '2 hours'`;

test('a revision that was announced long ago is not forgotten beneath the flush that makes another', async () => {
  await timed.deliver(worker, cheap('b'));
  await worker.time.tick();
  await timed.place.query(LONG_AGO);
  const release = await timed.hold(END_OF_FLUSHES);
  const flushing = timed.deliver(worker, cheap('c'));
  await timed.place.waiting(1);
  expect(await other.time.tick()).toEqual({ final: 0, revised: 0 });
  await release();
  await flushing;
  expect(await worker.time.tick()).toEqual({ final: 0, revised: 1 });
  expect(await revised()).toEqual([{ product: 'mug', revision: 3, announced: 3, orders: 3 }]);
});

test('what somebody holds is not forgotten and held up by nobody; a window whose last revision was forgotten is revised again', async () => {
  await timed.deliver(worker, cheap('b'), cheap('y', 'tea'));
  await worker.time.tick();
  await timed.place.query(LONG_AGO);
  const release = await timed.hold(`select from scalestream.revised where key ->> 'product' = 'tea' for update`);
  expect(await other.time.tick()).toEqual({ final: 0, revised: 0 });
  expect(await revised()).toMatchObject([{ product: 'tea' }]);
  await timed.deliver(worker, cheap('c'));
  await release();
  expect(await worker.time.tick()).toEqual({ final: 0, revised: 1 });
  expect(await revised()).toMatchObject([{ product: 'mug', revision: 3, announced: 3, orders: 3 }, { product: 'tea' }]);
});

test('a flush that revises windows which are being announced and the announcers end, none in a deadlock', async () => {
  // They lie in the table in another order than the one in which rows are locked.
  for (const product of ['tea', 'pot', 'mug']) await timed.deliver(worker, cheap(`${product} 2`, product));
  const release = await timed.hold(`select from scalestream.revised where key ->> 'product' = 'pot' for update`);
  const flushing = timed.deliver(worker, ...['mug', 'pot', 'tea'].map((product) => cheap(`${product} 3`, product)));
  await timed.place.waiting(1);
  const ticking = [worker.time.tick(), other.time.tick()];
  await timed.place.waiting(3);
  await release();
  await flushing;
  await Promise.all(ticking);
  await worker.time.tick();
  expect(timed.failures).not.toContain('40P01');
  expect(await revised()).toEqual(
    ['mug', 'pot', 'tea'].map((product) => ({ product, revision: 3, announced: 3, orders: 3 })),
  );
});
