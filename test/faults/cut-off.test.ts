import { expect, test } from 'vitest';
import { memoryStore, startWorker } from '../../src/index.ts';
import { memoryBroker } from '../../src/sources/memory-broker.ts';
import { pullSettings } from '../../src/sources/pull-options.ts';
import { pullSource } from '../../src/sources/pull-source.ts';
import type { Store } from '../../src/store.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import { unknownOutcome } from '../support/faulty-store.ts';
import { order } from '../support/orders.ts';
import { timedOrders } from '../time/timed-orders.ts';
import { timedPipeline } from '../time/timed-place.ts';

const VISIBILITY_MS = 60_000;
/** What its row in the store lives. */
const LIFE_MS = VISIBILITY_MS + 15_000;
/** More than a crash delays a message by. */
const LATENESS_MS = 100_000;
const CALL_MS = 100;

/** Two workers on one queue, each of which may be cut off from the store. */
function twoWorkers(late: 'revise' | 'divert') {
  const world = virtualClock();
  const shop = timedPipeline(timedOrders({ lateness: LATENESS_MS, late, skew: 100 }));
  const broker = memoryBroker(world);
  const memory = memoryStore(shop, { clock: world });
  const settings = pullSettings({ clock: world, random: () => 0.5, visibilityTimeout: `${VISIBILITY_MS}ms` });

  function hire(worker: string) {
    const network = { isCut: false };
    const view = memory.open({ worker, lifeMs: LIFE_MS });
    const reaching = async <T>(call: () => Promise<T>): Promise<T> => {
      await new Promise<void>((resolve) => void world.after(CALL_MS, resolve));
      if (network.isCut) throw unknownOutcome();
      return call();
    };
    const store: Store = {
      ...view,
      commit: (flush) => reaching(() => view.commit(flush)),
      time: {
        ...view.time,
        report: (report) => reaching(() => view.time.report(report)),
        tick: () => reaching(() => view.time.tick()),
      },
    };
    const source = pullSource('orders', broker.consumer(settings.visibilitySeconds), settings);
    return { network, worker: startWorker(shop, { source, store, clock: world, random: () => 0.5 }) };
  }

  const workers = [hire('one'), hire('other')];
  return {
    world,
    broker,
    memory,
    holder: () => workers.find(({ worker }) => worker.stats().source.held > 0),
    stats: () => workers.map(({ worker }) => worker.stats()),
    send: (id: string) => broker.send([JSON.stringify(order(id, { at: 3_000 }))]),
    async stop() {
      const stopped = Promise.all(workers.map(({ worker }) => worker.stop(1_000)));
      await world.advance(20_000);
      await stopped;
    },
  };
}

test.each([
  ['revise', { late: 1, diverted: 0, window: { state: 'revised', revision: 2 }, orders: '2' }],
  ['divert', { late: 0, diverted: 1, window: { state: 'final', revision: 1 }, orders: '1' }],
] as const)(
  'a worker that is cut off from the store alone keeps its leases; once its row is over the watermark passes what it holds, which is late (%s), counted and never lost',
  async (late, expected) => {
    const { world, broker, memory, holder, stats, send, stop } = twoWorkers(late);
    await world.advance(3_000);
    send('held');
    const heldAt = world.now();
    await world.advance(CALL_MS / 2);
    const one = holder();
    if (!one) throw new Error('nobody took it');
    one.network.isCut = true;
    // It knows by then: it asks for nothing more.
    await world.advance(3_000);
    send('beside');
    await world.advance(LIFE_MS - 5_000);
    expect(memory.watermark()).toBeLessThanOrEqual(heldAt * 1_000);
    await world.advance(LATENESS_MS + 20_000);
    expect(memory.states('trade')).toEqual([{ state: 'final', revision: 1 }]);
    expect(broker.depth()).toEqual({ waiting: 0, inFlight: 1 });

    one.network.isCut = false;
    await world.advance(10_000);
    expect(one.worker.stats()).toMatchObject({ late: expected.late, diverted: expected.diverted });
    expect(memory.states('trade')).toEqual([expected.window]);
    expect(memory.rows('trade')).toMatchObject([{ orders: expected.orders }]);
    expect(memory.events()).toBe(2);
    expect(stats().reduce((received, { source }) => received + source.received, 0)).toBe(2);
    expect(broker.depth()).toEqual({ waiting: 0, inFlight: 0 });
    await stop();
    expect(world.pending).toBe(0);
  },
);
