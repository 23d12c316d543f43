import { onTestFinished } from 'vitest';
import { type FinalBranch, type Pipeline, pipeline, type Store } from '../../src/index.ts';
import { message, SENT_AT } from '../support/message.ts';
import { type Order, order, orderPipeline, orders, pace, run, trade } from '../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../support/postgres-place.ts';

/** The tables of most tests, folded into `trade`, with branches. */
export const withFinals = (...branches: readonly FinalBranch[]): Pipeline =>
  pipeline('orders', [orders, trade, pace, ...branches], orderPipeline().graph);

/** A pipeline with branches in a database of its own; time passes when it is told to. */
export interface Stage {
  readonly place: PostgresPlace;
  readonly pipeline: Pipeline;
  /** Of a worker; another one shares the database. */
  readonly store: Store;
  open(): Promise<Store>;
  /** Orders, all in one flush. */
  deliver(...values: readonly Order[]): Promise<void>;
  /** The watermark passes a window of ten seconds, counted from 0, and the lateness after it. */
  pass(window?: number): Promise<void>;
  /** Rows of what a statement gives, all as text. */
  rows(text: string): Promise<Record<string, string | null>[]>;
}

/** Makes it; gone when the test is over. */
export async function stageOf(...branches: readonly FinalBranch[]): Promise<Stage> {
  const place = await postgresPlace();
  onTestFinished(() => place.close());
  const declared = withFinals(...branches);
  const store = await place.open(declared);
  return {
    place,
    pipeline: declared,
    store,
    open: () => place.open(declared),
    async deliver(...values) {
      await run(declared, store, [[message(JSON.stringify(values))]]);
    },
    async pass(window = 0) {
      const { lateness } = orders;
      const ms = SENT_AT + (window + 1) * 10_000 + lateness;
      await place.query(
        `update scalestream.watermarks set watermark = timestamptz 'epoch' + ${ms} * interval '1 millisecond'`,
      );
    },
    rows: (text) => place.query<Record<string, string | null>>(text),
  };
}

/** An order in the n-th window of ten seconds. */
export const inWindow = (window: number, id: string, given: Partial<Order> = {}): Order =>
  order(id, { at: window * 10_000, ...given });
