import { performance } from 'node:perf_hooks';
import type { Clock } from '../clock.ts';
import type { ReceivingMs, StageStats } from '../source.ts';
import type { StageVitals, Vitals } from '../vitals.ts';
import type { WorkerStats } from './worker.ts';

/** Rates and shares are of so long, unless the worker is younger. */
const SPAN_MS = 10_000;
/** Readings are no nearer to each other. */
const APART_MS = 900;

/** Passed in no time: whoever is in them is about to go on. */
const PASSED = new Set(['received', 'committed', 'release']);
/** Those in it wait for others to come. */
const GATHERS = 'gather';
/** Beyond it a batch waits for the store alone. */
const COMMITS = 'transaction';

interface Reading {
  readonly at: number;
  readonly stats: WorkerStats;
  readonly loop: ReturnType<typeof performance.eventLoopUtilization>;
}

/**
 * Tells how a worker did over the last ten seconds, of counts that are kept anyhow.
 *
 * @returns to be called whenever somebody wants to know; it remembers what it saw then.
 */
export function vitals(stats: () => WorkerStats, clock: Clock): () => Vitals {
  const read = (): Reading => ({ at: clock.now(), stats: stats(), loop: performance.eventLoopUtilization() });
  const readings = [read()];
  return () => {
    const now = read();
    while (readings.length > 1 && now.at - (readings[1]?.at ?? now.at) >= SPAN_MS) readings.shift();
    const [first = now] = readings;
    if (now.at - (readings.at(-1)?.at ?? 0) >= APART_MS) readings.push(now);
    return between(first, now);
  };
}

function between(first: Reading, last: Reading): Vitals {
  const ms = Math.max(1, last.at - first.at);
  const [from, to] = [first.stats, last.stats];
  const perSecond = (before: number, after: number): number => rounded(((after - before) * 1_000) / ms);
  const retries = to.store.retries - from.store.retries;
  const receiving = sharesOf(from.source.receiving, to.source.receiving);
  const [received, ...others] = to.source.stages;
  const earlier = new Map(from.source.stages.map((each) => [each.stage, each]));

  /** What follows the receive: what takes no more holds up all that is before it. */
  const stage = ({ stage: name, entered, held, occupiedMs }: StageStats): StageVitals => {
    const before = earlier.get(name) ?? { entered: 0, occupiedMs: 0 };
    const occupied = Math.min(1, (occupiedMs - before.occupiedMs) / ms);
    const flushing = Math.min(occupied, (to.store.busyMs - from.store.busyMs) / ms);
    const busy =
      name === GATHERS ? 0 : name === COMMITS && (retries > 0 || to.breaker === 'open') ? flushing : occupied;
    const stands = name === COMMITS ? occupied - busy : Math.min(1 - busy, receiving.backpressured);
    return { stage: name, messages: perSecond(before.entered, entered), held, ...shares(busy, stands) };
  };
  return {
    seconds: rounded(ms / 1_000),
    rates: {
      messages: perSecond(from.source.received, to.source.received),
      committed: perSecond(from.committed, to.committed),
      duplicates: perSecond(from.duplicates, to.duplicates),
      rejected: perSecond(from.rejected, to.rejected),
      filtered: perSecond(from.filtered, to.filtered),
      diverted: perSecond(from.diverted, to.diverted),
      late: perSecond(from.late, to.late),
    },
    stages: [
      {
        stage: 'receive',
        messages: perSecond(from.source.received, to.source.received),
        held: received?.held ?? 0,
        ...shares(receiving.busy, receiving.backpressured),
      },
      ...others.filter(({ stage: name }) => !PASSED.has(name)).map(stage),
    ],
    loop: rounded(performance.eventLoopUtilization(last.loop, first.loop).utilization),
    rssBytes: process.memoryUsage.rss(),
    heldBytes: to.source.heldBytes,
    credit: rounded(to.source.credit),
    retries,
    breaker: to.breaker,
  };
}

function sharesOf(before: ReceivingMs, after: ReceivingMs) {
  const [busy, backpressured, idle] = (['busy', 'backpressured', 'idle'] as const).map(
    (phase) => after[phase] - before[phase],
  ) as [number, number, number];
  const total = Math.max(1, busy + backpressured + idle);
  return { busy: busy / total, backpressured: backpressured / total };
}

function shares(busy: number, backpressured: number) {
  const [b, p] = [rounded(busy), rounded(backpressured)];
  return { busy: b, backpressured: p, idle: rounded(Math.max(0, 1 - b - p)) };
}

const rounded = (n: number): number => Math.round(n * 1_000) / 1_000;
