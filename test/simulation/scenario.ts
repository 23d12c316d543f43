import * as fc from 'fast-check';
import type { Timing } from '../time/timed-orders.ts';
import type { Extra } from './simulated-tables.ts';

/** What becomes of one call from a worker to the queue or the store, and how long it takes, milliseconds of virtual time. */
export interface CallFate {
  readonly kind: CallKind;
  readonly ms: number;
}

/**
 * - `ok`: after `ms`.
 * - `lost-request`: an error, and nothing was done. `lost-answer`: an error, and it was done.
 * - `late`: an error now; it is done `ms` later, when the caller may have tried again.
 * - `kill-before`, `kill-after`: the worker dies, and it was not or was done.
 * - `odd`: what is special to the call: see `faultyQueue` and `faultyStore`.
 */
export type CallKind = 'ok' | 'lost-request' | 'lost-answer' | 'late' | 'kill-before' | 'kill-after' | 'odd';

/** What happens to the workers and servers themselves. */
export interface Act {
  /** Milliseconds after the start. */
  readonly at: number;
  readonly kind: 'kill' | 'stall' | 'stop' | 'start' | 'store-down' | 'expire' | 'deploy';
  /** Which worker, counted around. */
  readonly worker: number;
  readonly ms: number;
}

/** An order by its id and time alone: all else follows from them, so that an id names one content. */
export interface SimulatedOrder {
  readonly id: string;
  /** Milliseconds after the start. */
  readonly at: number;
}

/** The store refuses orders of this id, as a check on a column would. */
export const POISON = 'p';

/** Orders of this id cannot be folded: their product is null. */
export const UNFIT = 'u';

/** Orders of this time are from the year 2099, which no message may be. */
export const FUTURE = Date.UTC(2099, 0, 1) - Date.UTC(2026, 0, 1);

export interface SimulatedMessage {
  /** Sent so many milliseconds after the start. */
  readonly at: number;
  /** Several events, or text that is none. */
  readonly content: readonly SimulatedOrder[] | string;
}

/** One run: its input, its settings, and everything that goes wrong. The same scenario runs the same way every time. */
export interface Scenario extends Timing {
  /** For jitter and the queue's disorder. */
  readonly chance: number;
  readonly messages: readonly SimulatedMessage[];
  readonly workers: number;
  readonly visibilitySeconds: number;
  readonly maxMessages: number;
  readonly maxPollers: number;
  readonly gatherEvents: number;
  readonly gatherMs: number;
  readonly concurrency: number;
  /** Share of deleted messages that come back. */
  readonly duplicates: number;
  readonly receives: readonly CallFate[];
  readonly commits: readonly CallFate[];
  readonly removes: readonly CallFate[];
  readonly extends: readonly CallFate[];
  /** Of all that a worker says and does about time. */
  readonly reports: readonly CallFate[];
  readonly acts: readonly Act[];
  /** Beyond the visibility timeout, a worker that says nothing is dead to the store after so long. */
  readonly lifeMs: number;
  /** How far the store's clock is from the queue's, as a share of the skew that the table allows: -1 to 1. */
  readonly storeAhead: number;
  /** How far the clocks of workers are off, milliseconds, one after the other and again from the beginning. */
  readonly clocksOff: readonly number[];
  /** Tables beside those of windows side by side. */
  readonly also: readonly Extra[];
}

const KINDS: readonly CallKind[] = ['ok', 'lost-request', 'lost-answer', 'late', 'kill-before', 'kill-after', 'odd'];

const fates = (least: number): fc.Arbitrary<CallFate[]> =>
  fc.array(
    fc.record({
      kind: fc.oneof(
        { weight: 3, arbitrary: fc.constant<CallKind>('ok') },
        { weight: 2, arbitrary: fc.constantFrom(...KINDS) },
      ),
      ms: fc.oneof(
        { weight: 3, arbitrary: fc.integer({ min: 1, max: 200 }) },
        { weight: 1, arbitrary: fc.integer({ min: 1, max: 5_000 }) },
      ),
    }),
    { minLength: least, maxLength: 12 },
  );

const order: fc.Arbitrary<SimulatedOrder> = fc.record({
  id: fc.constantFrom(...Array.from('abcdefghijklmno'), POISON, UNFIT),
  at: fc.oneof(
    { weight: 20, arbitrary: fc.integer({ min: -2, max: 4 }).map((step) => step * 2_500) },
    { weight: 2, arbitrary: fc.constant(-3_600_000) },
    { weight: 1, arbitrary: fc.constant(FUTURE) },
  ),
});

const message: fc.Arbitrary<SimulatedMessage> = fc.record({
  // Now and then after a quiet stretch, when most windows are final.
  at: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 8_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: 12_000, max: 20_000 }) },
  ),
  content: fc.oneof(
    { weight: 8, arbitrary: fc.array(order, { minLength: 1, maxLength: 6 }) },
    { weight: 1, arbitrary: fc.constantFrom('nope', '[{', '{}') },
  ),
});

/** The lateness in {@link punctualScenarios}, and how long workers live there. */
const LONG_MS = 10_000;

/** Any scenario there is; shrinks towards few messages, one worker and no faults. */
export const scenarios: fc.Arbitrary<Scenario> = fc.record({
  chance: fc.nat(),
  messages: fc.array(message, { minLength: 1, maxLength: 14 }),
  workers: fc.integer({ min: 1, max: 3 }),
  visibilitySeconds: fc.integer({ min: 2, max: 5 }),
  maxMessages: fc.oneof(
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 30 }) },
    { weight: 1, arbitrary: fc.constant(100) },
  ),
  maxPollers: fc.integer({ min: 1, max: 3 }),
  gatherEvents: fc.integer({ min: 1, max: 20 }),
  gatherMs: fc.integer({ min: 1, max: 400 }),
  concurrency: fc.integer({ min: 1, max: 3 }),
  duplicates: fc.constantFrom(0, 0.2),
  receives: fates(0),
  commits: fates(0),
  removes: fates(0),
  extends: fates(0),
  acts: fc.array(
    fc.record({
      at: fc.integer({ min: 0, max: 12_000 }),
      kind: fc.constantFrom('kill', 'stall', 'stop', 'start', 'store-down', 'expire', 'deploy'),
      worker: fc.nat({ max: 3 }),
      ms: fc.integer({ min: 1, max: 9_000 }),
    }),
    { maxLength: 6 },
  ),
  lateness: fc.constantFrom(500, 2_500, 6_000),
  late: fc.constantFrom('revise', 'divert'),
  skew: fc.constantFrom(1, 100, 1_000),
  // Each worker makes dozens: with faults among them all the time, none would live long.
  reports: fc.oneof(fc.constant([]), fates(0)),
  lifeMs: fc.constant(3_000),
  storeAhead: fc.constantFrom(0, -1, 1),
  clocksOff: fc.array(fc.integer({ min: -3_600_000, max: 3_600_000 }), { maxLength: 3 }),
  also: fc.subarray<Extra>(['recent', 'spells']),
});

/** Nothing goes wrong but the store, which is slow, fails and goes down: then no message may be received twice, however long it takes. */
export const calmScenarios: fc.Arbitrary<Scenario> = scenarios.map((scenario) => ({
  ...scenario,
  duplicates: 0,
  receives: [],
  removes: [],
  extends: [],
  commits: scenario.commits.filter(({ kind }) => !kind.startsWith('kill')),
  reports: scenario.reports.filter(({ kind }) => !kind.startsWith('kill')),
  acts: scenario.acts.filter(({ kind }) => kind === 'store-down' || kind === 'start'),
}));

/**
 * Calm, and every event is sent when it happens; the lateness is longer than the sends are apart. The store is down once, also for longer than workers live: they are
 * let live on once, until they report themselves.
 */
export const punctualScenarios: fc.Arbitrary<Scenario> = calmScenarios.map((scenario) => ({
  ...scenario,
  lateness: LONG_MS,
  lifeMs: LONG_MS,
  reports: [],
  acts: [
    ...scenario.acts.filter(({ kind }) => kind === 'start'),
    ...scenario.acts.filter(({ kind }) => kind === 'store-down').slice(0, 1),
  ],
  messages: scenario.messages
    .filter(({ at }) => at <= 8_000)
    .map(({ at, content }) => ({
      at,
      content: typeof content === 'string' ? content : content.map(({ id }) => ({ id, at })),
    })),
}));
