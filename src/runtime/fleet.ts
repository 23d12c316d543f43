import type { WorkerStatus } from '../sinks/postgres/status.ts';
import type { Rates, StageVitals, Vitals } from '../vitals.ts';

/** How all live workers of a pipeline do, together. */
export interface Fleet {
  /** Workers that told how they do. */
  readonly workers: number;
  /** Sums. */
  readonly rates: Rates;
  /** Rates and messages held are sums, shares the means of the workers that have the stage. */
  readonly stages: readonly StageVitals[];
  /** Mean share of time that their JavaScript threads worked. */
  readonly loop: number;
  /** Flushes that failed and were repeated. */
  readonly retries: number;
  /** Workers that have stopped receiving, since the database fails. */
  readonly breaker: number;
}

const KINDS = ['messages', 'committed', 'duplicates', 'rejected', 'filtered', 'diverted', 'late'] as const;

/** Adds up what workers tell of themselves. */
export function fleetOf(workers: readonly WorkerStatus[]): Fleet {
  const all = workers.flatMap(({ vitals }) => vitals ?? []);
  return {
    workers: all.length,
    rates: Object.fromEntries(KINDS.map((kind) => [kind, sum(all.map(({ rates }) => rates[kind]))])) as Record<
      keyof Rates,
      number
    >,
    stages: stagesOf(all),
    loop: mean(all.map(({ loop }) => loop)),
    retries: sum(all.map(({ retries }) => retries)),
    breaker: all.filter(({ breaker }) => breaker === 'open').length,
  };
}

function stagesOf(all: readonly Vitals[]): readonly StageVitals[] {
  const stages = new Map<string, StageVitals[]>();
  for (const each of all.flatMap((vitals) => vitals.stages)) {
    const known = stages.get(each.stage);
    if (known) known.push(each);
    else stages.set(each.stage, [each]);
  }
  return [...stages].map(([stage, each]) => ({
    stage,
    messages: sum(each.map(({ messages }) => messages)),
    busy: mean(each.map(({ busy }) => busy)),
    backpressured: mean(each.map(({ backpressured }) => backpressured)),
    idle: mean(each.map(({ idle }) => idle)),
    held: sum(each.map(({ held }) => held)),
  }));
}

const rounded = (n: number): number => Math.round(n * 1_000) / 1_000;
const sum = (all: readonly number[]): number => rounded(all.reduce((total, n) => total + n, 0));
const mean = (all: readonly number[]): number => (all.length === 0 ? 0 : rounded(sum(all) / all.length));
