import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Store } from '../../src/index.ts';
import { order } from '../support/orders.ts';
import { type TimedPlace, timedPlace } from './timed-place.ts';

/** The window of `trade` that begins when messages were sent, and that of a flush in it: 4 s, and a lateness of 10 s. */
const PAST = 14_000;
/** Too cheap for the other table: all that happens, happens in `trade`. */
const cheap = (id: string, product = 'mug') => order(id, { product, cents: 1 });
/** Locks what a flush does last. */
const ENDS_OF_FLUSHES = 'select from scalestream.workers for update';

let timed: TimedPlace;
let [worker, other]: Store[] = [];
beforeEach(async () => {
  timed = await timedPlace();
  worker = await timed.open('worker');
  other = await timed.open('other');
});
afterEach(() => timed.place.close());

const stores = () => ({ worker: worker as Store, other: other as Store });

test('a flush under way when its window becomes final is in what is final', async () => {
  const { worker, other } = stores();
  await timed.deliver(worker, cheap('a'));
  await timed.passes(PAST);
  const release = await timed.hold(ENDS_OF_FLUSHES);
  const flushing = timed.deliver(worker, cheap('b'));
  await timed.place.waiting(1);
  const ticking = other.time.tick();
  await timed.place.waiting(2);
  await release();
  expect(await flushing).toMatchObject({ committed: 1, late: 1 });
  expect(await ticking).toEqual({ final: 1, revised: 0 });
  expect(await timed.windows()).toEqual([{ product: 'mug', orders: '2', state: 'final', revision: '2' }]);
  expect(await worker.time.tick()).toEqual({ final: 0, revised: 0 });
});

test('a flush that meets its window becoming final revises it, and the revision is announced', async () => {
  const { worker, other } = stores();
  await timed.deliver(worker, cheap('a'), cheap('z', 'tea'));
  await timed.passes(PAST);
  const release = await timed.hold(`select from trade where product = 'tea' for update`);
  const ticking = other.time.tick();
  await timed.place.waiting(1);
  const flushing = timed.deliver(worker, cheap('b'));
  await timed.place.waiting(2);
  await release();
  await flushing;
  const { final, revised } = await ticking;
  expect(final).toBe(2);
  expect(await timed.windows()).toEqual([
    { product: 'mug', orders: '2', state: 'revised', revision: '2' },
    { product: 'tea', orders: '1', state: 'final', revision: '1' },
  ]);
  // The same tick may have seen it already.
  expect(revised + (await worker.time.tick()).revised).toBe(1);
  expect(await timed.place.query(`select announced, contents -> 'orders' as orders from scalestream.revised`)).toEqual([
    { announced: '2', orders: 2 },
  ]);
});

test('a window that a flush begins beside the tick that it came too late for becomes final with the next', async () => {
  const { worker, other } = stores();
  await timed.deliver(worker, cheap('a'));
  await timed.passes(PAST);
  const release = await timed.hold(ENDS_OF_FLUSHES);
  const flushing = timed.deliver(worker, cheap('z', 'tea'));
  await timed.place.waiting(1);
  expect(await other.time.tick()).toEqual({ final: 1, revised: 0 });
  await release();
  await flushing;
  expect((await timed.windows()).map(({ state }) => state)).toEqual(['final', 'open']);
  expect(await other.time.tick()).toEqual({ final: 1, revised: 0 });
});

test.each([
  ['the one', 'the other'],
  ['the other', 'the one'],
])('two finalisers at once, %s first: each window becomes final once', async (first) => {
  const { worker, other } = stores();
  await timed.deliver(worker, cheap('a'), cheap('m', 'pot'), cheap('z', 'tea'));
  await timed.passes(PAST);
  const release = await timed.hold(`select from trade where product = 'tea' for update`);
  const [one, two] = first === 'the one' ? [worker, other] : [other, worker];
  const ticks = [one.time.tick()];
  await timed.place.waiting(1);
  ticks.push(two.time.tick());
  await timed.place.waiting(2);
  await release();
  expect(await Promise.all(ticks)).toEqual([
    { final: 3, revised: 0 },
    { final: 0, revised: 0 },
  ]);
  expect(await timed.windows()).toMatchObject(
    ['mug', 'pot', 'tea'].map((product) => ({ product, state: 'final', revision: '1' })),
  );
});

test('a flush of windows that become final, two finalisers and another flush: all end, none in a deadlock', async () => {
  const { worker, other } = stores();
  const products = ['mug', 'pot', 'tea'];
  // They lie in the table in another order than the one in which rows are locked.
  for (const product of products.toReversed()) await timed.deliver(worker, cheap(product, product));
  await timed.passes(PAST);
  const release = await timed.hold(`select from trade where product = 'pot' for update`);
  const flushing = [
    timed.deliver(worker, ...products.map((product) => cheap(`${product} 2`, product))),
    timed.deliver(other, ...products.toReversed().map((product) => cheap(`${product} 3`, product))),
  ];
  await timed.place.waiting(2);
  const ticking = [worker.time.tick(), other.time.tick()];
  await timed.place.waiting(4);
  await release();
  await Promise.all(flushing);
  await Promise.all(ticking);
  await worker.time.tick();
  expect(timed.failures).not.toContain('40P01');
  expect((await timed.windows()).map(({ orders }) => orders)).toEqual(['3', '3', '3']);
  expect(await timed.place.query('select from scalestream.revised where revision > announced')).toEqual([]);
});
