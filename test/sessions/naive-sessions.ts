import { type Measure, memoryStore, tumbling } from '../../src/index.ts';
import { together } from '../contracts/store-under-test.ts';
import { type Fact, measured } from '../measures/facts.ts';
import { run } from '../support/orders.ts';

/** Events of one key, none of them a gap or more after the one before. */
export interface NaiveSession<T> {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  readonly events: readonly T[];
}

/** All events in order of time, cut where a gap is: the whole of what sessions are. In order of start and key. */
export function naiveSessions<T extends { readonly at: number }>(
  events: readonly T[],
  gap: number,
  keyOf: (event: T) => string,
): NaiveSession<T>[] {
  const sessions: { key: string; start: number; end: number; events: T[] }[] = [];
  for (const [key, all] of Map.groupBy(events, keyOf)) {
    let end = Number.NEGATIVE_INFINITY;
    for (const event of all.toSorted((a, b) => a.at - b.at)) {
      if (event.at >= end) sessions.push({ key, start: event.at, end: 0, events: [] });
      const last = sessions.at(-1) as (typeof sessions)[number];
      last.events.push(event);
      end = last.end = event.at + gap;
    }
  }
  return sessions.sort((a, b) => a.start - b.start || (a.key < b.key ? -1 : 1));
}

/** The rows of sessions of distinct facts by page. What is measured of each is what one window measures that holds nothing else. */
export async function naiveRows(
  all: readonly Fact[],
  gap: number,
  measures: Readonly<Record<string, Measure<Fact>>>,
): Promise<Record<string, string | null>[]> {
  const { graph } = measured(measures, tumbling('1d'));
  return Promise.all(
    naiveSessions(all, gap, ({ page }) => page).map(async ({ key, start, end, events }) => {
      const store = memoryStore(graph);
      await run(graph, store, [together(events)]);
      const [row] = store.rows('measured');
      return { ...row, page: key, window_start: iso(start), window_end: iso(end) };
    }),
  );
}

const iso = (at: number): string => new Date(at).toISOString();
