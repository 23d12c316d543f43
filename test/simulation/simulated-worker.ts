import { startWorker, StoreError, type Worker } from '../../src/index.ts';
import type { Source } from '../../src/source.ts';
import { pullSettings } from '../../src/sources/pull-options.ts';
import { pullSource } from '../../src/sources/pull-source.ts';
import { BATCH } from '../../src/sources/queue.ts';
import { type VirtualProcess, virtualProcess } from '../../src/testing/virtual-process.ts';
import { type Fates, OK } from './call.ts';
import { faultyQueue } from './faulty-queue.ts';
import { faultyStore } from './faulty-store.ts';
import { faultyTime } from './faulty-time.ts';
import { offBy, type Stage } from './stage.ts';
import type { Watch } from './watch.ts';

const GRACE_MS = 3_000;

/** A worker in its process. */
export interface Running {
  readonly process: VirtualProcess;
  readonly worker: Worker;
  readonly source: Source;
  /** Most messages it may hold: its credit, and what receives bring all the same that were given up as stuck. */
  readonly allowed: () => number;
  /** How many messages receives brought that were aborted: they may come when all is settled. */
  readonly strays: () => number;
  /** Since the world healed it has asked the queue and said how far it is: no failure of before holds it up any more. */
  readonly recovered: () => boolean;
  stopping: boolean;
  stalledUntil: number;
}

/** What the workers of a run did together. */
export interface Deeds {
  commits: number;
  redelivered: number;
  late: number;
  diverted: number;
}

/** Starts the `nth` worker, counted from 0. */
export function simulatedWorker(stage: Stage, watch: Watch, deeds: Deeds, nth: number): Running {
  const { world, broker, calls, troubles, scenario, store, declared, random, healed, lifeMs } = stage;
  const { maxMessages, maxPollers, visibilitySeconds, clocksOff } = scenario;
  const process = virtualProcess(world);
  const clock = offBy(process.clock, clocksOff[nth % clocksOff.length] ?? 0);
  const own = stage.version;
  const recovered = { asked: false, said: false };
  let givenUp = 0;
  let strays = 0;

  const asking: Fates = {
    next() {
      const fate = calls.receives.next();
      recovered.asked ||= healed() && fate === OK;
      return fate;
    },
  };
  const settings = pullSettings({
    visibilityTimeout: `${visibilitySeconds}s`,
    maxMessages,
    maxPollers,
    waitSeconds: 1,
    clock,
    random,
    onWarning: (kind) => void (kind === 'poll-stuck' && (givenUp += 1)),
    onLost: ({ id, stage: where }) => watch.broken(new Error(`message ${id} was taken for lost in stage '${where}'`)),
  });
  const queue = faultyQueue({
    ...calls,
    receives: asking,
    world,
    process,
    troubles,
    broker,
    visibilitySeconds,
    onReceive: watch.checked((arrivals, arrives) => {
      deeds.redelivered += arrivals.filter(({ receiveCount }) => receiveCount > 1).length;
      watch.events.received(arrivals);
      watch.marks.handedOut(process, arrivals, arrives);
    }),
    onCustody(arrivals, aborted) {
      if (aborted) strays += arrivals.length;
      watch.marks.custody(process, arrivals);
    },
    onRemove: watch.checked(watch.events.removing),
    onRelease: (handles) => watch.marks.released(process, handles),
  });
  const server = { isDown: () => world.now() < stage.upAgain, isCurrent: () => own === stage.version };
  const view = store.open({ worker: `worker ${nth}`, lifeMs });
  const time = faultyTime({
    ...server,
    world,
    process,
    troubles,
    time: view.time,
    reports: calls.reports,
    onSaying: watch.checked((report) => watch.marks.saying(process, report)),
    onTold: watch.checked((report, { moved }, isFine) => {
      recovered.said ||= healed() && isFine;
      watch.marks.told(process, report, moved);
    }),
    onTicked: watch.checked(watch.labels.ticked),
    onLeaving: watch.checked(() => watch.marks.leaving(process)),
    onLeft: () => watch.marks.left(process),
  });
  const faulty = faultyStore({
    ...server,
    world,
    process,
    troubles,
    store: view,
    commits: calls.commits,
    onCommit: watch.checked((flush, outcome) => {
      deeds.commits += 1;
      deeds.late += outcome.late;
      deeds.diverted += outcome.diverted;
      watch.events.committed(flush, outcome);
      watch.labels.committed();
    }),
  });
  const source = pullSource('simulated', queue, settings);
  const worker = startWorker(declared, { source, store: { ...faulty, time }, clock, random });
  worker.done.catch((error: unknown) => {
    if (error instanceof StoreError && error.failure === 'fenced' && own !== stage.version) process.kill();
    else watch.broken(error);
  });
  return {
    process,
    worker,
    source,
    allowed: () => maxMessages + givenUp * BATCH,
    strays: () => strays,
    recovered: () => recovered.asked && recovered.said,
    stopping: false,
    stalledUntil: 0,
  };
}

/** Stops it as SIGTERM does; a stopped worker holds nothing, and its process ends. */
export function stopWorker(one: Running, watch: Watch): void {
  if (one.stopping) return;
  one.stopping = true;
  void one.worker.stop(GRACE_MS).then(() => {
    const { held, heldBytes } = one.source.stats();
    if (held > one.strays() || (held === 0 && heldBytes !== 0))
      watch.broken(new Error(`a stopped worker holds ${held} messages, ${heldBytes} bytes`));
    one.process.kill();
  });
}
