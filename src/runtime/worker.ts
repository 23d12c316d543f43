import { tap } from 'rxjs';
import { type Clock, systemClock } from '../clock.ts';
import type { StoreError } from '../errors.ts';
import { messageOf, PipelineError, ScaleStreamError } from '../errors.ts';
import type { SinkDefaults } from '../final-sink.ts';
import { clockScheduler } from '../operators/clock-scheduler.ts';
import { within } from '../operators/surroundings.ts';
import type { Counts, Pipeline, Receipt } from '../pipeline.ts';
import type { Source, SourceStats } from '../source.ts';
import type { Store } from '../store.ts';
import { breaker } from './breaker.ts';
import { countingTime, type TimeStats } from './counting-time.ts';
import { deliveries } from './deliver.ts';
import { countingFlushes, type FlushStats } from './flushes.ts';
import { latenessFits } from './lateness-fits.ts';
import { timekeeper } from './timekeeper.ts';
import type { Vitals } from '../vitals.ts';
import { vitals } from './vitals.ts';

export interface WorkerOptions {
  readonly source: Source;
  readonly store: Store;
  /** Told when the store goes down (with why) and comes back. */
  readonly onBreaker?: (open: boolean, cause?: StoreError) => void;
  /** Told what did not work beside the pipeline and is tried again. */
  readonly onWarning?: (detail: string) => void;
  /** Where the queues of `whenFinal` are that do not say it themselves. Default: as the SDK finds them. */
  readonly sinkDefaults?: SinkDefaults;
  /** Processing time of the worker and of its graph. Default: the machine's. */
  readonly clock?: Clock;
  /** Source of jitter for the graph, in [0, 1). Default `Math.random`. */
  readonly random?: () => number;
}

/** What a worker has done since it started. */
export interface WorkerStats extends Counts {
  readonly source: SourceStats;
  readonly store: FlushStats;
  readonly time: TimeStats;
  /** `open`: it has stopped receiving, since the store fails. */
  readonly breaker: 'closed' | 'open';
}

/** A pipeline at work. */
export interface Worker {
  stats(): WorkerStats;
  /** How it does: rates and shares of time over the last ten seconds. */
  vitals(): Vitals;
  /** Resolves when the pipeline has ended after {@link stop}; rejects with what ended it otherwise. Nothing unsettled is deleted. */
  readonly done: Promise<void>;
  /** Stops receiving, lets everything held be committed and acknowledged, and releases what is left after `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Runs a pipeline on a source and a store. A worker keeps nothing of its own: any number may share a queue, and one may be killed at any time.
 *
 * Delivery: exact with the Postgres store. An error that is neither an event's nor worth a retry ends the worker; its messages come back.
 *
 * @throws ConfigError where the pipeline's lateness is shorter than what a crash delays a message by, before anything is received.
 * @example
 * const worker = startWorker(storefront, { source, store });
 * process.once('SIGTERM', () => void worker.stop(25_000));
 * await worker.done;
 */
export function startWorker(
  pipeline: Pipeline,
  {
    source,
    store,
    onBreaker,
    onWarning = () => undefined,
    sinkDefaults,
    clock = systemClock,
    random = Math.random,
  }: WorkerOptions,
): Worker {
  if (source.visibilityMs !== undefined) latenessFits(pipeline, source.visibilityMs, 'visibilityTimeout');
  const total = { committed: 0, duplicates: 0, rejected: 0, filtered: 0, diverted: 0, late: 0, windows: 0 };
  let stopping = false;
  let breakerState: WorkerStats['breaker'] = 'closed';
  const flushes = countingFlushes(store, clock);
  const time = countingTime(store.time, clock);
  const stats = (): WorkerStats => ({
    ...total,
    source: source.stats(),
    store: flushes.stats(),
    time: time.stats(),
    breaker: breakerState,
  });
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  done.catch(() => undefined); // whoever awaits it sees it; nobody has to

  const onChange = (open: boolean, cause?: StoreError): void => {
    breakerState = open ? 'open' : 'closed';
    onBreaker?.(open, cause);
  };
  const graph$ = within({ scheduler: clockScheduler(clock), random }, () =>
    pipeline.graph({ messages: source.messages, store: breaker(flushes.store, source, onChange) }),
  );
  const subscription = graph$.pipe(tap(acknowledged)).subscribe({
    next: ({ counts }) => {
      for (const kind of Object.keys(total) as (keyof Counts)[]) total[kind] += counts[kind];
    },
    error: failed,
    complete: () => {
      if (stopping) return resolve();
      source.stop();
      reject(
        new PipelineError(
          pipeline.name,
          'graph',
          'it completed by itself. Fix: remove take, first or what else ends it',
        ),
      );
    },
  });

  function failed(error: unknown): void {
    // It settles nothing any more: others should have its messages at once.
    void source.drained(0).then(() => keeper.stop(hasSettled(source)));
    reject(
      error instanceof ScaleStreamError
        ? error
        : new PipelineError(pipeline.name, 'graph', `an operator threw: ${messageOf(error)}`, { cause: error }),
    );
  }

  const told = vitals(stats, clock);
  const keeper = timekeeper({
    source,
    time: time.time,
    vitals: told,
    deliveries: deliveries(pipeline, store.time.outbox, { defaults: sinkDefaults, clock, warn: onWarning }),
    clock,
    warn: onWarning,
    failed(error) {
      subscription.unsubscribe();
      failed(error);
    },
  });

  return {
    done,
    stats,
    vitals: told,
    async stop(graceMs) {
      stopping = true;
      source.stop();
      const { promise: late, resolve: giveUp } = Promise.withResolvers<boolean>();
      const cancel = clock.after(graceMs, () => giveUp(false));
      const until = clock.now() + graceMs;
      // A pipeline that failed settles nothing any more: another worker should have its messages at once.
      const settles = await Promise.race([
        done.then(
          () => true,
          () => false,
        ),
        late,
      ]);
      cancel();
      subscription.unsubscribe();
      await source.drained(settles ? Math.max(0, until - clock.now()) : 0);
      await leaveOf(keeper.stop(hasSettled(source)), clock);
      resolve();
    },
  };
}

/** Nothing is held, and nothing was given back that nobody may have yet: for that its row waits. */
const hasSettled = (source: Source): boolean => source.progress().every(({ held }) => held === undefined);

/** The database may be away: a worker that does not take its leave is waited for a little longer. */
const LEAVE_MS = 2_000;

function leaveOf(leave: Promise<void>, clock: Clock): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = clock.after(LEAVE_MS, resolve);
  return Promise.race([leave, promise]).finally(cancel);
}

/** The types say so too, but types are stripped from a file that runs. */
function acknowledged(receipt: Receipt): void {
  if ('acknowledged' in receipt) return;
  throw new Error('a batch came out that was not acknowledged. Fix: end the graph with acknowledge()');
}
