import * as fc from 'fast-check';
import type { Report } from '../../src/timekeeping.ts';
import { message, type RecordedMessage, SENT_AT } from '../support/message.ts';
import type { Order } from '../support/orders.ts';

/** What a worker does next. */
export type Step =
  | {
      readonly kind: 'deliver';
      readonly worker: number;
      /** Deliveries, each of messages, each of orders: how events are packed, and which are committed together. */
      readonly deliveries: readonly (readonly (readonly Order[])[])[];
    }
  | {
      readonly kind: 'report';
      readonly worker: number;
      /** Milliseconds after the messages of tests were sent; `undefined`: it cannot tell. */
      readonly low: number | undefined;
      readonly holding: boolean;
    }
  | { readonly kind: 'tick' | 'leave' | 'crash' | 'bury'; readonly worker: number };

/** Workers at once, at most. */
export const WORKERS = 4;

/** 2099: such an order is a reject. */
const FUTURE = Date.UTC(2099, 0, 1) - SENT_AT;

/** An order's content follows from its id and time, so that an id and a time name one content. Few of each, so that orders come twice. */
const order: fc.Arbitrary<Order> = fc
  .record({
    id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'),
    at: fc.oneof(
      { weight: 20, arbitrary: fc.integer({ min: 0, max: 24 }).map((step) => step * 1_000) },
      { weight: 1, arbitrary: fc.constant(FUTURE) },
    ),
  })
  .map(({ id, at }) => ({
    id,
    at: SENT_AT + at,
    product: ['tea', 'mug', 'pot'][id.charCodeAt(0) % 3] as string,
    cents: (id.charCodeAt(0) * 31 + at) % 100,
  }));

const messageOf = fc.array(order, { minLength: 1, maxLength: 5 });
const delivery = fc.array(messageOf, { minLength: 1, maxLength: 3 });

/** @param workers how many there are. */
const stepOf = (workers: number): fc.Arbitrary<Step> => {
  const worker = fc.nat({ max: workers - 1 });
  return fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('deliver' as const),
        worker,
        deliveries: fc.array(delivery, { minLength: 1, maxLength: 2 }),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('report' as const),
        worker,
        low: fc.oneof(
          { weight: 12, arbitrary: fc.integer({ min: 0, max: 45_000 }) },
          { weight: 1, arbitrary: fc.constant(undefined) },
        ),
        holding: fc.boolean(),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('tick' as const), worker }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('leave', 'crash', 'bury', 'bury'), worker }) },
  );
};

/** Workers, and what they do. */
export const lives = fc.integer({ min: 1, max: WORKERS }).chain((workers) =>
  fc.record({
    workers: fc.constant(workers),
    steps: fc.array(stepOf(workers), { minLength: 5, maxLength: 40, size: 'max' }),
  }),
);

/** Beside what workers do, somebody's connection ends. */
export type StepAtOnce = Step | { readonly kind: 'cut' };

/** The same at once: steps of each worker. */
export const livesAtOnce: fc.Arbitrary<readonly (readonly StepAtOnce[])[]> = fc.array(
  fc.array(fc.oneof({ weight: 12, arbitrary: stepOf(1) }, { weight: 1, arbitrary: fc.constant({ kind: 'cut' }) }), {
    minLength: 3,
    maxLength: 20,
    size: 'max',
  }),
  { minLength: 1, maxLength: WORKERS, size: 'max' },
);

/** The messages of a step as a queue delivers them. */
export const messagesOf = ({ deliveries }: Step & { kind: 'deliver' }): RecordedMessage[][] =>
  deliveries.map((each) => each.map((orders) => message(JSON.stringify(orders))));

export const reportOf = ({ low, holding }: Step & { kind: 'report' }): Report => ({
  low: low === undefined ? undefined : SENT_AT + low,
  source: 'test',
  holding,
});

/** The orders of all steps that are no rejects, as often as they come. */
export const ordersOf = (steps: readonly StepAtOnce[]): Order[] =>
  steps
    .flatMap((step) => (step.kind === 'deliver' ? step.deliveries.flat(2) : []))
    .filter(({ at }) => at < SENT_AT + FUTURE);
