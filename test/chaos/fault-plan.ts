import type { Random } from '../../src/producer/random.ts';

/** One fault. Those of SQS calls and of flushes are drawn at each call instead (`sqs-faults.ts`, `flush-faults.ts`). */
export type Step =
  | { readonly kind: 'kill' | 'term' | 'stall' | 'cut all' }
  | { readonly kind: 'freeze' | 'door reset' | 'door hang-up' | 'door ignore'; readonly ms: number }
  | { readonly kind: 'latency'; readonly delayMs: number; readonly ms: number }
  | { readonly kind: 'terminate backends'; readonly share: number }
  | { readonly kind: 'crash postgres' | 'kill a backend' };

/** A step, how long after the one before, and at which worker's place. */
export interface PlannedStep {
  readonly afterMs: number;
  readonly slot: number;
  readonly step: Step;
}

/** How often, a minute. */
type Rate = readonly [perMinute: number, draw: (random: Random, visibilityMs: number) => Step];
const RATES: readonly [Rate, ...Rate[]] = [
  [84, () => ({ kind: 'kill' })],
  [4, () => ({ kind: 'term' })],
  [3, (random, visibilityMs) => ({ kind: 'freeze', ms: visibilityMs + 500 + random.below(2_500) })],
  [1.5, () => ({ kind: 'stall' })],
  [3, (random) => ({ kind: 'latency', delayMs: 5 + random.below(200), ms: 1_000 + random.below(3_000) })],
  [1, (random) => ({ kind: 'door reset', ms: 200 + random.below(1_500) })],
  [1, (random) => ({ kind: 'door hang-up', ms: 200 + random.below(1_500) })],
  [0.5, (random) => ({ kind: 'door ignore', ms: 200 + random.below(1_500) })],
  [3, () => ({ kind: 'cut all' })],
  [4, (random) => ({ kind: 'terminate backends', share: 0.25 + random.float() * 0.75 })],
  [6.5, () => ({ kind: 'crash postgres' })],
  [0.7, () => ({ kind: 'kill a backend' })],
];

const PER_MINUTE = RATES.reduce((sum, [rate]) => sum + rate, 0);
const MINUTE_MS = 60_000;
/** An endless sequence of faults: the same for the same numbers. Gaps are those of independent events (exponential). */
export function* faultPlan(
  random: Random,
  slots: number,
  visibilityMs: number,
): Generator<PlannedStep, never, undefined> {
  for (;;) {
    const afterMs = (-Math.log(1 - random.float()) * MINUTE_MS) / PER_MINUTE;
    const slot = random.below(slots);
    let left = random.float() * PER_MINUTE;
    const [, draw] = RATES.find(([rate]) => (left -= rate) < 0) ?? RATES[0];
    yield { afterMs, slot, step: draw(random, visibilityMs) };
  }
}
