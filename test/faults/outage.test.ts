import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import {
  acknowledge,
  backoff,
  decode,
  foldInto,
  gather,
  json,
  memoryStore,
  pipeline,
  startWorker,
  transaction,
} from '../../src/index.ts';
import { seededRandom } from '../../src/producer/random.ts';
import { deadlines } from '../../src/sinks/postgres/deadlines.ts';
import { memoryBroker } from '../../src/sources/memory-broker.ts';
import { pullSettings } from '../../src/sources/pull-options.ts';
import { pullSource } from '../../src/sources/pull-source.ts';
import { BATCH, type Queue } from '../../src/sources/queue.ts';
import type { Store } from '../../src/store.ts';
import { type VirtualClock, virtualClock } from '../../src/testing/virtual-clock.ts';
import { unknownOutcome } from '../support/faulty-store.ts';
import { naiveTrade } from '../support/naive-fold.ts';
import { order, orders, pace, trade } from '../support/orders.ts';

const WORKERS = 2;
const PACK = 4;
const CALL_MS = 10;
const COMMIT_MS = 250;
const BEFORE_S = 1;
const OUTAGE_S = 600;
/** By then every worker knows: two flushes have failed, and the polls under way have ended. */
const KNOWN_S = 60;
const LONGEST_BACKOFF_MS = 30_000;
/** Far more than the rest of the queue takes. */
const PATIENCE_S = 300;
/** Messages in custody, one more for each second of the outage, would be as much. */
const NOISE_MB = 1;
/** What a message takes that waits in the broker, which is in this process. */
const WAITING_MB = 250 / 2 ** 20;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heapMb(): number {
  collect();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

/** Put together as the storefront is: its settings are those under test. */
const shop = pipeline('orders', [orders, trade, pace], ({ messages, store }) =>
  messages.pipe(
    decode(json(orders)),
    gather({ events: 5_000, within: '100ms' }),
    transaction(store, { once: orders, retry: backoff({ first: '100ms', cap: '30s' }) }, (fresh$) =>
      fresh$.pipe(foldInto(trade)),
    ),
    acknowledge(),
  ),
);

type Call = 'receive' | 'remove' | 'changeVisibility';

/** A queue whose calls take their time. `onCall` is told of each. */
function slowed(world: VirtualClock, server: Queue, onCall: (call: Call) => void): Queue {
  const during = async <T>(name: Call, call: () => Promise<T>): Promise<T> => {
    onCall(name);
    await passed(world, CALL_MS);
    return call();
  };
  return {
    ...server,
    receive: (...asked) => during('receive', () => server.receive(...asked)),
    remove: (handles) => during('remove', () => server.remove(handles)),
    changeVisibility: (changes) => during('changeVisibility', () => server.changeVisibility(changes)),
  };
}

const passed = (world: VirtualClock, ms: number) => new Promise<void>((resolve) => void world.after(ms, resolve));

// Three times what the workers may hold, at once or by and by.
test.each([
  { does: 'refuses every connection', failsAfterMs: 1, meanwhile: 'the queue grows', first: 0, perSecond: 50 },
  {
    does: 'answers nobody',
    failsAfterMs: deadlines().flush,
    meanwhile: 'the queue is deep',
    first: 30_000,
    perSecond: 0,
  },
])(
  'a database that $does for ten minutes while $meanwhile: nothing more is received, leases are kept, no message comes twice, and work goes on within one backoff',
  { timeout: 120_000 },
  async ({ failsAfterMs, first, perSecond }) => {
    const world = virtualClock();
    const { float: random } = seededRandom(19);
    const warnings: string[] = [];
    const settings = pullSettings({ clock: world, random, onWarning: (...warning) => warnings.push(warning.join()) });
    const broker = memoryBroker(world);
    const memory = memoryStore(shop);
    let isDown = false;
    let upAt = Number.POSITIVE_INFINITY;

    function hire() {
      const calls: Record<Call, number> = { receive: 0, remove: 0, changeVisibility: 0 };
      const did = { calls, most: 0, breaker: [] as boolean[], backAfterMs: Number.POSITIVE_INFINITY };
      const onCall = (call: Call): void => {
        calls[call] += 1;
        did.most = Math.max(did.most, source.stats().held);
      };
      const store: Store = {
        ...memory,
        async commit(flush) {
          const fails = isDown;
          await passed(world, fails ? failsAfterMs : COMMIT_MS);
          if (fails) throw unknownOutcome();
          const outcome = await memory.commit(flush);
          // Committed as it went down: nobody hears of it.
          if (isDown) throw unknownOutcome();
          if (world.now() > upAt) did.backAfterMs = Math.min(did.backAfterMs, world.now() - upAt);
          return outcome;
        },
      };
      const queue = slowed(world, broker.consumer(settings.visibilitySeconds), onCall);
      const source = pullSource('orders', queue, settings);
      const onBreaker = (open: boolean) => void did.breaker.push(open);
      const worker = startWorker(shop, { source, store, onBreaker, clock: world, random });
      return { worker, did };
    }

    const messages = first + perSecond * (BEFORE_S + OUTAGE_S);
    const all = Array.from({ length: messages * PACK }, (_, n) =>
      order(String(n), { at: -(n % 60_000), product: `p${n % 7}`, cents: n % 1_000 }),
    );
    const bodies = Array.from({ length: messages }, (_, m) => JSON.stringify(all.slice(m * PACK, (m + 1) * PACK)));
    broker.send(bodies.splice(0, first));
    const workers = Array.from({ length: WORKERS }, hire);
    const stats = () => workers.map(({ worker }) => worker.stats());
    /** What they took and did, without what goes on with time. */
    const taken = () =>
      stats().map(({ source, committed, breaker }) => {
        const { received, redelivered, acknowledged, released, lost, held, heldBytes } = source;
        return { received, redelivered, acknowledged, released, lost, held, heldBytes, committed, breaker };
      });
    async function seconds(count: number, look: (second: number) => void = () => undefined): Promise<void> {
      for (let second = 1; second <= count; second++) {
        broker.send(bodies.splice(0, perSecond));
        await world.advance(1_000);
        look(second);
      }
    }

    await seconds(BEFORE_S);
    expect(memory.events()).toBeGreaterThan(0);
    isDown = true;
    await seconds(KNOWN_S);
    const [known, depth, heap] = [taken(), broker.depth(), heapMb()];
    const knownCalls = workers.map(({ did }) => ({ ...did.calls }));
    await seconds(OUTAGE_S - KNOWN_S, (second) => {
      expect(taken()).toEqual(known);
      // A lease that ended would put its message back among those that wait.
      expect(broker.depth()).toEqual({ ...depth, waiting: depth.waiting + second * perSecond });
    });
    expect(broker.depth().waiting).toBeGreaterThan(messages / 3);
    expect(heapMb()).toBeLessThan(heap + NOISE_MB + (broker.depth().waiting - depth.waiting) * WAITING_MB);
    for (const [i, { did, worker }] of workers.entries()) {
      const { receive, remove, changeVisibility } = knownCalls[i] as Record<Call, number>;
      expect(did.calls).toMatchObject({ receive, remove });
      const { held } = worker.stats().source;
      expect(held).toBeGreaterThan(0);
      const turns = (OUTAGE_S - KNOWN_S) / settings.visibilitySeconds;
      expect(did.calls.changeVisibility - changeVisibility).toBeGreaterThan((turns * held) / BATCH);
    }

    [isDown, upAt] = [false, world.now()];
    const isLeft = (): boolean => Object.values(broker.depth()).some((messages) => messages > 0);
    for (let second = 0; second < PATIENCE_S && isLeft(); second++) await seconds(1);
    expect(memory.rows('trade')).toEqual(naiveTrade(all));
    expect(memory.events()).toBe(all.length);
    for (const { did } of workers) {
      expect(did.breaker).toEqual([true, false]);
      expect(did.most).toBeLessThanOrEqual(settings.maxMessages);
      expect(did.backAfterMs).toBeLessThan(LONGEST_BACKOFF_MS + failsAfterMs + COMMIT_MS);
    }
    // Receive counts of 1: nothing came nearer to a dead-letter queue.
    expect(stats().reduce((total, { source }) => total + source.received, 0)).toBe(messages);
    for (const { source } of stats()) expect(source).toMatchObject({ redelivered: 0, released: 0, lost: 0, held: 0 });
    expect(warnings).toEqual([]);

    const stopped = Promise.all(workers.map(({ worker }) => worker.stop(1_000)));
    await world.advance(20_000);
    await stopped;
    expect(world.pending).toBe(0);
  },
);
