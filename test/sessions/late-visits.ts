import { onTestFinished } from 'vitest';
import { z } from 'zod';
import {
  acknowledge,
  count,
  decode,
  eventTable,
  exactDistinct,
  type FinalWindow,
  foldInto,
  json,
  max,
  type MemoryStore,
  memoryStore,
  type Pipeline,
  pipeline,
  session,
  type Store,
  toTable,
  topK,
  transaction,
  whenFinal,
  type WindowTable,
  windowTable,
} from '../../src/index.ts';
import type { Late } from '../../src/event-table.ts';
import { finalWindow } from '../../src/sinks/final-window.ts';
import type { SinkBranch } from '../../src/when-final.ts';
import { together } from '../contracts/store-under-test.ts';
import { SENT_AT } from '../support/message.ts';
import { atOnce, run } from '../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../support/postgres-place.ts';
import { nowhere } from '../when-final/nowhere.ts';

const Visit = z.object({ id: z.string(), at: z.number(), page: z.string(), user: z.string(), cents: z.number() });
export type Visit = z.infer<typeof Visit>;

export const GAP_MS = 5_000;
export const LATENESS_MS = 10_000;

/** A visit; `second` counts from when the messages of tests were sent. */
export const visit = (id: string, second: number, given: Partial<Visit> = {}): Visit => ({
  id,
  at: SENT_AT + second * 1_000,
  page: 'home',
  user: 'anna',
  cents: 1,
  ...given,
});

/** Sessions in memory and in Postgres at once, given the same, and delivered when they are final. */
export interface LateVisits {
  readonly place: PostgresPlace;
  readonly graph: Pipeline;
  readonly table: WindowTable<Visit>;
  readonly memory: MemoryStore;
  /** A worker's store. */
  readonly store: Store;
  open(): Promise<Store>;
  /** One flush into each; resolves to what became of it. */
  deliver(...visits: readonly Visit[]): Promise<[unknown, unknown]>;
  /** The watermark passes a second and the lateness after it, and both do what is due. */
  passes(second: number): Promise<[unknown, unknown]>;
  /** Start, end, events, state and revision of each session, in order of start and page. */
  sessions(): Promise<Record<string, unknown>[]>;
  /** What was delivered, in no order. */
  finals(): Promise<[FinalWindow[], FinalWindow[]]>;
  /** Nothing has happened yet. */
  forget(): Promise<void>;
}

export async function lateVisits(late: Late = 'revise'): Promise<LateVisits> {
  const visits = eventTable('visits', {
    schema: Visit,
    id: (e) => e.id,
    time: (e) => e.at,
    keep: 'forever',
    lateness: `${LATENESS_MS}ms`,
    late,
  });
  const table = windowTable('sessions', visits, {
    window: session({ gap: `${GAP_MS}ms` }),
    key: { page: (e) => e.page },
    measures: {
      visits: count(),
      users: exactDistinct((e) => e.user),
      most: max((e) => e.cents),
      top: topK((e) => e.user, { k: 2 }),
    },
  });
  const branch = whenFinal(table, nowhere(), { name: 'sessions' });
  const graph = pipeline(
    'visits',
    [visits, table, branch, whenFinal(table, toTable('finals'))],
    ({ messages, store }) =>
      messages.pipe(
        decode(json(visits)),
        transaction(store, { once: visits, retry: atOnce }, (fresh$) => fresh$.pipe(foldInto(table))),
        acknowledge(),
      ),
  );
  const place = await postgresPlace();
  onTestFinished(() => place.close());
  const stopped = { now: () => 0, after: () => () => undefined };
  let memory = memoryStore(graph, { clock: stopped });
  const store = await place.open(graph);
  return {
    place,
    graph,
    table,
    get memory() {
      return memory;
    },
    store,
    open: () => place.open(graph),
    deliver: async (...all) => [await run(graph, store, [together(all)]), await run(graph, memory, [together(all)])],
    async passes(second) {
      const ms = SENT_AT + second * 1_000 + LATENESS_MS;
      await place.query(
        `update scalestream.watermarks set watermark = greatest(watermark, to_timestamp(${ms / 1_000}))`,
      );
      await memory.time.report({ low: ms + visits.skew, source: 'test', holding: false });
      return [await store.time.tick(), await memory.time.tick()];
    },
    sessions: () =>
      place.query(`
        select extract(epoch from window_start - '2026-01-01')::int as start, extract(epoch from window_end - '2026-01-01')::int as end,
          page, visits::int, users::int, state, revision::int
        from sessions_windows order by window_start, page`),
    async finals() {
      const claimed = await store.time.outbox.claim(branch as SinkBranch, 10_000, 1);
      const announced = memory.announced().map((each) => finalWindow(table, each));
      return [claimed.items.map((item) => item.window), announced];
    },
    async forget() {
      memory = memoryStore(graph, { clock: stopped });
      await place.query(`truncate visits, sessions, sessions_users, sessions_top, finals, scalestream.revised, scalestream.outbox;
        update scalestream.watermarks set watermark = null; update scalestream.tables set frontier = null`);
    },
  };
}
