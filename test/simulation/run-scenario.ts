import {
  acknowledge,
  backoff,
  decode,
  foldInto,
  gather,
  json,
  memoryStore,
  type Pipeline,
  pipeline,
  startWorker,
  StoreError,
  transaction,
  type Worker,
} from '../../src/index.ts';
import { seededRandom } from '../../src/producer/random.ts';
import type { Source } from '../../src/source.ts';
import { memoryBroker } from '../../src/sources/memory-broker.ts';
import { BATCH } from '../../src/sources/queue.ts';
import { pullSettings } from '../../src/sources/pull-options.ts';
import { pullSource } from '../../src/sources/pull-source.ts';
import { settle, virtualClock } from '../../src/testing/virtual-clock.ts';
import { type VirtualProcess, virtualProcess } from '../../src/testing/virtual-process.ts';
import { type Order, orders, pace, trade } from '../support/orders.ts';
import { fates } from './call.ts';
import { faultyQueue } from './faulty-queue.ts';
import { faultyStore } from './faulty-store.ts';
import { oracle } from './oracle.ts';
import { type Act, POISON, type Scenario, type SimulatedOrder, UNFIT } from './scenario.ts';

const START = Date.UTC(2026, 0, 1);
/** Faults and sends are over by then. */
const HEALED_MS = 15_000;
/** From then on everything must be settled within this. */
const PATIENCE_MS = 600_000;
/** A run takes some hundred. */
const MOST_STEPS = 100_000;
const GRACE_MS = 3_000;
/** A dead worker's successor starts so much later. */
const RESTART_MS = 500;

/** What a run saw. */
export interface Seen {
  readonly steps: number;
  readonly commits: number;
  readonly workers: number;
  /** Deliveries of messages that were delivered before. */
  readonly redelivered: number;
}

interface Running {
  readonly process: VirtualProcess;
  readonly worker: Worker;
  readonly source: Source;
  /** Most messages it may hold: its credit, and what receives bring all the same that were given up as stuck. */
  readonly allowed: () => number;
  stopping: boolean;
}

/** An order's content follows from its id and time: see {@link SimulatedOrder}. */
const orderOf = ({ id, at }: SimulatedOrder): Order => ({
  id,
  at: START + at,
  product: id === UNFIT ? null : (['tea', 'mug', 'pot'][id.charCodeAt(0) % 3] as string),
  cents: (id.charCodeAt(0) * 31 + at) % 100,
});

const bodyOf = (content: Scenario['messages'][number]['content']): string =>
  typeof content === 'string' ? content : JSON.stringify(content.map(orderOf));

const pipelineOf = ({ gatherEvents, gatherMs, concurrency }: Scenario): Pipeline =>
  pipeline('simulated', [orders, trade, pace], ({ messages, store }) =>
    messages.pipe(
      decode(json(orders)),
      gather({ events: gatherEvents, within: `${gatherMs}ms` }),
      transaction(
        store,
        { once: orders, concurrency, events: 10, retry: backoff({ first: '50ms', cap: '5s' }) },
        (fresh$) => fresh$.pipe(foldInto(trade)),
      ),
      acknowledge(),
    ),
  );

/**
 * Runs the engine (source, operators, worker) through a scenario in virtual time. The invariants are checked at every commit, every delete and every
 * step; then the world heals, and everything must come to its end.
 *
 * @throws Error at the first step that breaks an invariant.
 */
export async function runScenario(scenario: Scenario): Promise<Seen> {
  const { maxMessages, maxPollers, visibilitySeconds, duplicates } = scenario;
  const world = virtualClock(START);
  const dice = seededRandom(scenario.chance);
  const random = () => dice.float();
  const healed = () => world.now() >= START + HEALED_MS;
  const broker = memoryBroker(world, { duplicates, disorder: true, random });
  const declared = pipelineOf(scenario);
  const store = memoryStore(declared);
  const watch = oracle(store, ({ id }) => id === POISON || id === UNFIT);
  const lists = {
    receives: fates(scenario.receives, healed),
    commits: fates(scenario.commits, healed),
    removes: fates(scenario.removes, healed),
    extends: fates(scenario.extends, healed),
  };
  const running: Running[] = [];
  const seen = { steps: 0, commits: 0, workers: 0, redelivered: 0 };
  let version = 1;
  let upAgain = 0;
  let broken: unknown;

  /** What a watcher throws must end the run, not the call in which it happened. */
  const checked =
    <A extends unknown[]>(check: (...args: A) => void) =>
    (...args: A): void => {
      try {
        check(...args);
      } catch (error) {
        broken ??= error;
      }
    };

  function start(): void {
    const process = virtualProcess(world);
    const own = version;
    let givenUp = 0;
    const settings = pullSettings({
      visibilityTimeout: `${visibilitySeconds}s`,
      maxMessages,
      maxPollers,
      waitSeconds: 1,
      clock: process.clock,
      random,
      onWarning: (kind) => void (kind === 'poll-stuck' && (givenUp += 1)),
      onLost: ({ id, stage }) => (broken ??= new Error(`message ${id} was taken for lost in stage '${stage}'`)),
    });
    const queue = faultyQueue({
      ...lists,
      world,
      process,
      broker,
      visibilitySeconds,
      onReceive: checked((arrivals) => {
        seen.redelivered += arrivals.filter(({ receiveCount }) => receiveCount > 1).length;
        watch.received(arrivals);
      }),
      onRemove: checked(watch.removing),
    });
    const source = pullSource('simulated', queue, settings);
    const worker = startWorker(declared, {
      source,
      store: faultyStore({
        ...lists,
        world,
        process,
        store,
        isDown: () => world.now() < upAgain,
        isCurrent: () => own === version,
        onCommit: checked((flush) => {
          seen.commits += 1;
          watch.committed(flush);
        }),
      }),
      clock: process.clock,
      random,
    });
    const allowed = () => maxMessages + givenUp * BATCH;
    const one: Running = { process, worker, source, allowed, stopping: false };
    running.push(one);
    seen.workers += 1;
    worker.done.catch((error: unknown) => {
      if (error instanceof StoreError && error.failure === 'fenced' && own !== version) process.kill();
      else broken ??= error;
    });
  }

  function act({ kind, worker, ms }: Act): void {
    const one = running[worker % running.length];
    if (kind === 'start' && running.length < 5) start();
    if (kind === 'store-down') upAgain = Math.max(upAgain, world.now() + ms);
    if (kind === 'expire') broker.expire();
    if (kind === 'deploy') version += 1;
    if (kind === 'kill') one?.process.kill();
    if (kind === 'stall') one?.process.stall(ms);
    if (kind === 'stop' && one && !one.stopping) stop(one);
  }

  function stop(one: Running): void {
    one.stopping = true;
    void one.worker.stop(GRACE_MS).then(() => {
      const { held, heldBytes } = one.source.stats();
      if (held !== 0 || heldBytes !== 0)
        broken ??= new Error(`a stopped worker holds ${held} messages, ${heldBytes} bytes`);
      one.process.kill();
    });
  }

  /** After every step: who died is succeeded, and no credit was exceeded. */
  function look(): void {
    for (const one of running.filter(({ process }) => !process.alive)) {
      running.splice(running.indexOf(one), 1);
      if (running.length < scenario.workers)
        world.after(RESTART_MS, () => running.length < scenario.workers && start());
    }
    for (const { source, allowed } of running) {
      const { held, heldBytes } = source.stats();
      if (held < 0 || held > allowed() || heldBytes < 0)
        throw new Error(`${held} messages, ${heldBytes} bytes held; allowed ${allowed()}`);
    }
    if (broken !== undefined) throw broken;
  }

  for (let i = 0; i < scenario.workers; i++) start();
  const bodies = scenario.messages.map(({ content }) => bodyOf(content));
  for (const [i, { at }] of scenario.messages.entries()) world.after(at, () => broker.send([bodies[i] as string]));
  for (const each of scenario.acts) world.after(each.at, () => act(each));

  await settle();
  for (;;) {
    look();
    const { waiting, inFlight } = broker.depth();
    if (healed() && waiting + inFlight === 0 && running.every(({ source }) => source.stats().held === 0)) break;
    if (world.now() > START + HEALED_MS + PATIENCE_MS)
      throw new Error(`it hangs: ${waiting} waiting, ${inFlight} in flight`);
    await world.step();
    seen.steps += 1;
    if (seen.steps > MOST_STEPS) throw new Error(`it goes round in circles at ${new Date(world.now()).toISOString()}`);
  }
  watch.final(bodies);
  return seen;
}
