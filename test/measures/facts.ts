import * as fc from 'fast-check';
import { z } from 'zod';
import {
  acknowledge,
  decode,
  eventTable,
  foldInto,
  json,
  type Measure,
  memoryStore,
  pipeline,
  type Pipeline,
  transaction,
  tumbling,
  type Window,
  type WindowTable,
  windowTable,
} from '../../src/index.ts';
import { message } from '../support/message.ts';
import { atOnce, run } from '../support/orders.ts';

const Fact = z.object({
  id: z.string(),
  /** Milliseconds since 1970. */
  at: z.number(),
  page: z.string(),
  user: z.string().nullable(),
  value: z.union([z.number(), z.string()]).nullable(),
  step: z.string(),
  currency: z.string(),
});

/** An event of which everything may be measured. */
export type Fact = z.infer<typeof Fact>;

export const facts = eventTable('facts', { schema: Fact, id: (e) => e.id, time: (e) => e.at, keep: 'forever' });

export const START = Date.parse('2026-01-01T00:00:00Z');

/** A fact number `n`, at 2026-01-01T00:00:00Z unless told otherwise; `at` counts milliseconds from there. */
export const fact = (n: number | string, given: Partial<Fact> = {}): Fact => ({
  id: String(n),
  page: 'home',
  user: 'anna',
  value: 1,
  step: 'view',
  currency: 'EUR',
  ...given,
  at: START + (given.at ?? 0),
});

/** Facts of a minute and a half, with few pages, users and steps: so that they meet. */
export const someFacts: fc.Arbitrary<Fact[]> = fc
  .array(
    fc.record({
      at: fc.integer({ min: 0, max: 90_000 }),
      page: fc.constantFrom('home', 'cart'),
      user: fc.constantFrom('anna', 'bert', 'Ünal', '😀', null),
      value: fc.oneof(
        fc.constant(null),
        fc.integer({ min: -20, max: 20 }),
        fc.constantFrom(0, '0.1', '-0.25', 19.99, '123456789.01', 1e-9, '9007199254740993'),
      ),
      step: fc.constantFrom('view', 'cart', 'buy', 'leave'),
      currency: fc.constantFrom('EUR', 'USD'),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((all) => all.map((each, i) => fact(i, each)));

/** A table of windows over {@link facts}, by page, and the pipeline that folds into it. */
export function measured(
  measures: Readonly<Record<string, Measure<Fact>>>,
  window: Window<unknown> = tumbling('1m'),
): { readonly table: WindowTable<Fact>; readonly graph: Pipeline } {
  // what is of sessions is measured of any window here: it is stored and merged all the same
  const anywhere = Object.entries(measures).map(([name, measure]) => {
    const { needs: _, ...rest } = measure;
    return [name, window.kind === 'session' ? measure : rest] as const;
  });
  const table = windowTable('measured', facts, {
    window,
    key: { page: (e) => e.page },
    measures: Object.fromEntries(anywhere),
  });
  const graph = pipeline('facts', [facts, table], ({ messages, store }) =>
    messages.pipe(
      decode(json(facts)),
      transaction(store, { once: facts, retry: atOnce }, (fresh$) => fresh$.pipe(foldInto(table))),
      acknowledge(),
    ),
  );
  return { table, graph };
}

/** What a measure reads of these facts, all of one window and page, each in a flush of its own; and the details of rejects. */
export async function readOf(measure: Measure<Fact>, given: readonly Fact[]) {
  const { graph } = measured({ m: measure });
  const store = memoryStore(graph);
  for (const each of given) await run(graph, store, [[message(JSON.stringify(each))]]);
  const [row = {}] = store.rows('measured');
  const { window_start: _, page: __, ...read } = row;
  return { ...read, rejects: store.rejects().map(({ reason, detail }) => `${reason}: ${detail}`) };
}
