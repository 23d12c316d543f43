import { didYouMean } from '../declared.ts';
import { type Duration, milliseconds } from '../duration.ts';
import { ConfigError, PipelineError } from '../errors.ts';
import { type EventTimeInput, eventTime, MICROS_PER_MS } from '../event-time.ts';
import type { Pipeline } from '../pipeline.ts';
import type { RejectReason } from '../reject.ts';
import { startWorker, type Worker } from '../runtime/worker.ts';
import { finalWindow } from '../sinks/final-window.ts';
import { memoryStore } from '../sinks/memory.ts';
import type { WindowState } from '../sinks/memory-time.ts';
import { memoryBroker } from '../sources/memory-broker.ts';
import { pullSettings } from '../sources/pull-options.ts';
import { pullSource } from '../sources/pull-source.ts';
import type { AnyEvent } from '../event-table.ts';
import type { FinalWindow } from '../final-window.ts';
import type { WindowTable } from '../window-table.ts';
import { isFault, type Sent } from './markers.ts';
import { outsideQueue, outsideStore } from './outside.ts';
import { passTime } from './pass-time.ts';
import { pureStore } from './pure-store.ts';
import { retainingStore } from './retaining-store.ts';
import { type VirtualProcess, virtualProcess } from './virtual-process.ts';
import { settle, virtualClock } from './virtual-clock.ts';

export interface TestPipelineOptions {
  /** Processing time at the start. Default 2026-01-01T00:00:00Z. Events dated more than `keep` before it are rejects, and so are those after `maxFuture`. */
  readonly startAt?: EventTimeInput;
  /** How long a received message stays a worker's: what a crash costs. Default 60 s. */
  readonly visibility?: Duration;
}

/** A reject as a test looks at it. */
export interface TestReject {
  readonly reason: RejectReason;
  readonly detail: string;
  readonly stage: string;
  readonly body: string;
}

/** A row of a window table as a test looks at it: `window_start`, the key columns, the measures as text, and what is known of the window. */
export interface TestWindow {
  readonly state: WindowState;
  /** Counts merges. */
  readonly revision: number;
  readonly [column: string]: string | number | null;
}

/** A pipeline at work in virtual time, on a queue and a store in memory. */
export interface TestPipeline {
  /**
   * Sends, in this order; each item is a message. Then time moves on until all is settled.
   *
   * @throws PipelineError when the pipeline fails, or has not settled everything within a day of virtual time.
   */
  send(...items: readonly Sent[]): Promise<void>;
  /** Moves processing time on to an instant. It never goes back. */
  advanceTo(time: EventTimeInput): Promise<void>;
  advance(time: Duration): Promise<void>;
  /** Processing time, milliseconds since 1970. */
  now(): number;
  /** The rows of a window table, in order of window and key. */
  windows(table: WindowTable<AnyEvent> | string): TestWindow[];
  /**
   * What `whenFinal` has received of a window table so far, in order: each window once it was final, and its revisions. Windows become final as processing
   * time moves on: their end and the table's lateness after it, 2 minutes unless declared, and a few seconds. Nothing is sent to queues or webhooks.
   */
  finals<K extends string, M extends string, U extends Readonly<Record<M, string>>>(
    table: WindowTable<AnyEvent, K, M, U> | string,
  ): FinalWindow<K, M, U>[];
  rejects(): TestReject[];
  /** How many distinct events are stored, those not counted included. */
  events(): number;
}

const DAY_MS = 86_400_000;
/** As for a real worker: so long after the visibility timeout somebody else has what it held. */
const REDELIVERY_MS = 15_000;

/**
 * Runs a pipeline in virtual time, with faults at will: days pass in a fraction of a second, and every run is the same. It is 2026-01-01T00:00:00Z at the
 * start, unless `startAt` says otherwise, and time moves by `send`, `advance` and `advanceTo` only. The graph is asked everything twice: one that is not
 * pure fails.
 *
 * Delivery: exact, as with the real parts; the queue delivers at least once, and the store is the reference store.
 *
 * @example
 * const shop = testPipeline(orders);
 * await shop.send(order('a'), duplicate(order('b')), late(order('c'), '2m'), crash());
 * expect(shop.windows('sales')).toMatchObject([{ window_start: '2026-01-01T00:00:00.000Z', orders: '3', state: 'open' }]);
 * await shop.advance('5m');
 * expect(shop.finals('sales')).toMatchObject([{ measures: { orders: '3' }, revised: false }]);
 */
export function testPipeline(pipeline: Pipeline, options: TestPipelineOptions = {}): TestPipeline {
  const { startAt = Date.UTC(2026, 0, 1), visibility = '60s' } = options;
  const clock = virtualClock(instant(startAt, 'startAt'));
  const settings = pullSettings({ visibilityTimeout: visibility, random: () => 0.5 });
  const broker = memoryBroker(clock);
  const store = memoryStore(pipeline, { clock });
  /** What strikes the workers at their next commits, one after the other. */
  const strikes: ((process: VirtualProcess) => void)[] = [];
  /** Whether a worker was ever to be struck. */
  let struck = false;
  let failure: unknown;

  function start(): Worker {
    const process = virtualProcess(clock);
    const queue = outsideQueue(broker.consumer(settings.visibilitySeconds), process);
    const source = pullSource('test', queue, { ...settings, clock: process.clock });
    const worker = startWorker(pipeline, {
      source,
      store: outsideStore(
        retainingStore(
          pureStore(store.open({ lifeMs: settings.visibilitySeconds * 1_000 + REDELIVERY_MS }), pipeline.name),
          { keepDays: pipeline.events.keepDays, clock, setHorizon: store.setHorizon },
        ),
        process,
        () => strikes.shift()?.(process),
      ),
      clock: process.clock,
      random: () => 0.5,
    });
    worker.done.catch((error: unknown) => (failure ??= error));
    return worker;
  }

  function enqueue(item: Sent): void {
    if (typeof item === 'string' || !isFault(item)) return broker.send([textOf(item)]);
    if (item.fault === 'duplicate') return broker.send([textOf(item.item), textOf(item.item)]);
    if (item.fault === 'late') return void clock.after(item.ms, () => broker.send([textOf(item.item)]));
    struck = true;
    strikes.push((process) => {
      if (item.fault === 'crash') process.kill();
      else process.stall(item.ms);
      start();
    });
  }

  function unsettled(): number {
    const { waiting, inFlight } = broker.depth();
    return waiting + inFlight;
  }

  async function pass(until: number): Promise<void> {
    await passTime(clock, until, { pipeline, isIdle: () => unsettled() === 0, isStruck: struck });
    if (failure !== undefined) throw failure;
  }

  async function settled(): Promise<void> {
    const from = clock.now();
    for (;;) {
      await settle();
      if (failure !== undefined) throw failure;
      const left = unsettled();
      if (left === 0) return;
      if (clock.now() >= from + DAY_MS)
        throw new PipelineError(pipeline.name, 'test', `${left} messages are not settled within a day of virtual time`);
      await clock.advance(clock.now() < from + 10_000 ? 50 : 1_000);
    }
  }

  const all = [...pipeline.windows, ...pipeline.over];
  const tableOf = (table: WindowTable<AnyEvent> | string, where: string): WindowTable<AnyEvent> => {
    const name = typeof table === 'string' ? table : table.name;
    const found = all.find((each) => each.name === name);
    if (found) return found;
    const known = all.map((each) => each.name);
    throw new ConfigError({
      where,
      expected: `a window table of pipeline '${pipeline.name}': ${known.join(', ') || 'it has none'}`,
      got: `'${name}'`,
      fix: didYouMean(name, known) ?? 'declare it in the pipeline, or name one that is there',
    });
  };

  start();
  return {
    async send(...items) {
      const from = clock.now();
      for (const item of items) enqueue(item);
      const later = items.map((item) => (typeof item === 'object' && isFault(item) && 'ms' in item ? item.ms : 0));
      for (const ms of later.toSorted((a, b) => a - b)) if (ms > 0) await pass(from + ms);
      await settled();
    },
    async advanceTo(time) {
      await pass(Math.max(clock.now(), instant(time, 'advanceTo')));
    },
    async advance(time) {
      await pass(clock.now() + milliseconds(time, 'advance'));
    },
    now: clock.now,
    windows(table) {
      const { name } = tableOf(table, 'windows');
      const states = store.states(name);
      return store.rows(name).map((row, i) => ({ ...row, ...(states[i] as (typeof states)[number]) }));
    },
    // what its windows hold is known of the table alone
    finals<F extends FinalWindow>(table: WindowTable<AnyEvent> | string): F[] {
      const of = tableOf(table, 'finals');
      return store
        .announced()
        .filter((each) => each.table === of.name)
        .map((each) => finalWindow(of, each) as F);
    },
    rejects: () => store.rejects().map(({ reason, detail, stage, body }) => ({ reason, detail, stage, body })),
    events: store.events,
  };
}

const textOf = (item: object | string): string => (typeof item === 'string' ? item : JSON.stringify(item));

function instant(time: EventTimeInput, where: string): number {
  const micros = eventTime(time);
  if (micros === undefined)
    throw new RangeError(
      `${where}: expected a time from 1970 to 2250, text with its offset; got ${JSON.stringify(time)}`,
    );
  return micros / MICROS_PER_MS;
}
