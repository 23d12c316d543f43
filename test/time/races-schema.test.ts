import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Store } from '../../src/index.ts';
import { order } from '../support/orders.ts';
import { timedPipeline, type TimedPlace, timedPlace } from './timed-place.ts';
import { timedOrders } from './timed-orders.ts';

const cheap = (id: string) => order(id, { product: 'mug', cents: 1 });

let timed: TimedPlace;
let worker: Store;
let other: Store;
beforeEach(async () => {
  timed = await timedPlace({ late: 'divert' });
  worker = await timed.open('worker');
  other = await timed.open('other');
  await timed.deliver(worker, cheap('a'));
  await timed.passes(14_000);
});
afterEach(() => timed.place.close());

/**
 * A flush is under way, the frontier waits for it, another flush waits for the frontier, and then what locks tables comes, whose turn is after that flush
 * and before the frontier. Postgres finds the knot and lets the frontier go first.
 */
async function knot(locking: () => Promise<unknown>) {
  const release = await timed.hold(`select from scalestream.workers where worker = 'worker' for update`);
  const flushing = timed.deliver(worker, cheap('b'));
  await timed.place.waiting(1);
  const ticking = other.time.tick();
  await timed.place.waiting(2);
  const after = timed.deliver(other, cheap('c'));
  await timed.place.waiting(3);
  const locked = locking();
  await timed.place.waiting(4);
  await release();
  return { flushing, ticking, after, locked };
}

test('what moves the horizon does not end in a deadlock with flushes and the frontier', async () => {
  const { flushing, ticking, after, locked } = await knot(() => timed.place.moveHorizon(timed.tables.orders, 1));
  await locked;
  expect(await flushing).toMatchObject({ committed: 1 });
  expect(await ticking).toMatchObject({ final: 1 });
  expect(await after).toMatchObject({ committed: 0, diverted: 1 });
  expect(timed.failures).not.toContain('40P01');
});

test('nor does a migration', async () => {
  const later = timedPipeline(timedOrders({ lateness: 60_000, late: 'divert', skew: 100 }));
  const { flushing, ticking, after, locked } = await knot(() => timed.place.database().migrate(later));
  const ends = await Promise.allSettled([flushing, ticking, after, locked]);
  expect(ends[0]).toMatchObject({ value: { committed: 1 } });
  expect(ends[3]).toMatchObject({ status: 'fulfilled' });
  // Whoever comes after the migration is fenced, and nobody fails otherwise.
  for (const end of ends) if (end.status === 'rejected') expect(end.reason).toMatchObject({ failure: 'fenced' });
  expect(timed.failures).not.toContain('40P01');
});
