import * as fc from 'fast-check';

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

export interface SimulatedMessage {
  /** Sent so many milliseconds after the start. */
  readonly at: number;
  /** Several events, or text that is none. */
  readonly content: readonly SimulatedOrder[] | string;
}

/** One run: its input, its settings, and everything that goes wrong. The same scenario runs the same way every time. */
export interface Scenario {
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
  readonly acts: readonly Act[];
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
  at: fc.integer({ min: 0, max: 3 }).map((step) => step * 7_000),
});

const message: fc.Arbitrary<SimulatedMessage> = fc.record({
  at: fc.integer({ min: 0, max: 8_000 }),
  content: fc.oneof(
    { weight: 8, arbitrary: fc.array(order, { minLength: 1, maxLength: 6 }) },
    { weight: 1, arbitrary: fc.constantFrom('nope', '[{', '{}') },
  ),
});

/** Any scenario there is; shrinks towards few messages, one worker and no faults. */
export const scenarios: fc.Arbitrary<Scenario> = fc.record({
  chance: fc.nat(),
  messages: fc.array(message, { minLength: 1, maxLength: 14 }),
  workers: fc.integer({ min: 1, max: 3 }),
  visibilitySeconds: fc.integer({ min: 2, max: 5 }),
  maxMessages: fc.integer({ min: 1, max: 30 }),
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
});

/** Nothing goes wrong but the store, which is slow, fails and goes down: then no message may be received twice, however long it takes. */
export const calmScenarios: fc.Arbitrary<Scenario> = scenarios.map((scenario) => ({
  ...scenario,
  duplicates: 0,
  receives: [],
  removes: [],
  extends: [],
  commits: scenario.commits.filter(({ kind }) => !kind.startsWith('kill')),
  acts: scenario.acts.filter(({ kind }) => kind === 'store-down' || kind === 'start'),
}));
