import {
  acknowledge,
  decode,
  type Flush,
  json,
  type Pipeline,
  pipeline,
  type Store,
  StoreError,
  transaction,
} from '../../src/index.ts';
import type { Database } from '../../src/sinks/postgres/postgres.ts';
import { message, SENT_AT } from '../support/message.ts';
import { atOnce, type Order, run } from '../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../support/postgres-place.ts';
import { type TimedOrders, timedOrders, type Timing } from './timed-orders.ts';

/** A window as Postgres labels it. */
export interface Labelled {
  readonly product: string;
  readonly orders: string;
  readonly state: 'open' | 'final' | 'revised';
  readonly revision: string;
}

/** Tables of orders in Postgres, with stores on them, and time that is told when to pass. */
export interface TimedPlace {
  readonly place: PostgresPlace;
  readonly tables: TimedOrders;
  readonly pipeline: Pipeline;
  /** A process's view of the database. */
  process(): Database;
  /** A worker's store, in a process of its own. */
  open(worker: string, lifeMs?: number): Promise<Store>;
  /** Why flushes failed, each time; the pipeline makes them again. */
  readonly failures: readonly string[];
  /** One message of these orders through the pipeline; resolves to what became of them. */
  deliver(store: Store, ...orders: readonly Order[]): ReturnType<typeof run>;
  /** The watermark passes an instant, milliseconds after the messages of tests were sent. */
  passes(ms: number): Promise<void>;
  /** The windows of `trade`, in order of window and product. */
  windows(): Promise<Labelled[]>;
  /** Holds what a statement locks in a session of its own; the returned function lets it go. */
  hold(statement: string): Promise<() => Promise<unknown>>;
}

/** One flush after the other, and four orders in each at most. */
export const timedPipeline = (tables: TimedOrders): Pipeline =>
  pipeline('orders', [tables.orders, tables.trade, tables.pace], ({ messages, store }) =>
    messages.pipe(
      decode(json(tables.orders)),
      transaction(store, { once: tables.orders, retry: atOnce, concurrency: 1, events: 4 }, tables.fold),
      acknowledge(),
    ),
  );

/** A watermark that moved just now is left to the next report: here it never did. */
const EVERY_MOVE = `
  create function moved_long_ago() returns trigger language plpgsql as $$ begin new.moved_at := '-infinity'; return new; end $$;
  create trigger moved_long_ago before update on scalestream.watermarks for each row execute function moved_long_ago();
  update scalestream.watermarks set moved_at = moved_at`;

/** Longer than a race is held up, however loaded the machine. */
const PATIENT_MS = 20_000;

export async function timedPlace(timing: Partial<Timing> = {}): Promise<TimedPlace> {
  const tables = timedOrders({ lateness: 10_000, late: 'revise', skew: 100, ...timing });
  const declared = timedPipeline(tables);
  const place = await postgresPlace();
  const owner = place.database({ connections: 1 });
  await owner.migrate(declared);
  await place.query(EVERY_MOVE);
  const failures: string[] = [];
  const failed = (error: unknown): never => {
    failures.push(error instanceof StoreError ? error.reason : String(error));
    throw error;
  };
  const process = () => place.database({ statementMs: PATIENT_MS });
  return {
    place,
    tables,
    pipeline: declared,
    failures,
    process,
    async open(worker, lifeMs = 75_000) {
      const store = await process().open(declared, { worker, lifeMs });
      return { ...store, commit: (flush: Flush) => store.commit(flush).catch(failed) };
    },
    deliver: (store, ...orders) => run(declared, store, [[message(JSON.stringify(orders))]]),
    async passes(ms) {
      await place.query(
        `update scalestream.watermarks set watermark = to_timestamp(${(SENT_AT + ms) / 1_000}) where pipeline = 'orders'`,
      );
    },
    windows: () =>
      place.query<Labelled>(
        `select product, orders, state, revision from trade_windows order by window_start, product`,
      ),
    async hold(statement) {
      const session = place.session();
      await session(`begin; ${statement}`);
      return () => session('commit');
    },
  };
}
