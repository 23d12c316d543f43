import { type Clock, systemClock } from '../clock.ts';
import { undeclared } from '../errors.ts';
import { type Micros, MICROS_PER_MS } from '../event-time.ts';
import type { Pipeline } from '../pipeline.ts';
import { type Reject, rejectIdentity } from '../reject.ts';
import type { Outcome, Store } from '../store.ts';
import { type AnyEvent, comparedBy } from '../event-table.ts';
import type { WindowTable } from '../window-table.ts';
import type { WindowRow } from './accumulate.ts';
import { finalWindow, measuresOf } from './final-window.ts';
import { hoppingFold } from './hopping-fold.ts';
import { isHopping } from './hopping-table.ts';
import { memoryEvents } from './memory-events.ts';
import { type Announcement, memoryTime, type WindowState } from './memory-time.ts';
import { overFold } from './over-fold.ts';
import { type Merged, type TableFold, tableFold } from './table-fold.ts';
import { windowEnds } from './window-ends.ts';

export interface MemoryStore extends Store {
  /** The rows of a window table, in order of window and key: `window_start`, of a session `window_end`, the key columns, the measures. */
  rows(table: string): Record<string, string | null>[];
  /** The rows as far as time is concerned, in the same order. */
  states(table: string): { readonly state: WindowState; readonly revision: number }[];
  /** How many events are kept, those not counted included. */
  events(): number;
  rejects(): readonly Reject[];
  /** Moves the retention horizon forward. */
  setHorizon(horizon: Micros): void;
  watermark(): Micros | undefined;
  /** What {@link Store.time}'s ticks announced: each window as it became final, and each revision. */
  announced(): readonly Announcement[];
  /** The same store as another worker opens it. */
  open(options?: MemoryWorkerOptions): Store;
}

export interface MemoryWorkerOptions {
  readonly worker?: string;
  /** How long after its last report a worker counts as alive, milliseconds. Default 75,000. */
  readonly lifeMs?: number;
}

/**
 * The reference store: what the Postgres store does, in memory. For tests, simulations and small examples.
 *
 * Delivery: exact like the real one, but it forgets everything at exit.
 *
 * @param clock the store's clock. Default: the machine's.
 * @example
 * const store = memoryStore(storefront);
 */
export function memoryStore(pipeline: Pipeline, { clock = systemClock }: { readonly clock?: Clock } = {}): MemoryStore {
  const { lateness, late: whenLate } = pipeline.events;
  const events = memoryEvents(pipeline.events);
  const rejects = new Map<string, Reject>();
  const tables = new Map<string, TableFold>(
    pipeline.windows.map((table) => [table.name, isHopping(table) ? hoppingFold(table) : tableFold(table)]),
  );
  const over = new Map(pipeline.over.map((table) => [table.name, overFold(table)]));
  const foldOf = (name: string) => tables.get(name) ?? over.get(name);
  const rowsOf = ({ name }: WindowTable<AnyEvent>): Iterable<WindowRow> => foldOf(name)?.rows(0) ?? [];
  const readingOf = (table: WindowTable<AnyEvent>, row: WindowRow) =>
    measuresOf(table, row.parts, (measure) => foldOf(table.name)?.items(row, measure) ?? []);
  const time = memoryTime(pipeline, clock, rowsOf, readingOf, follow, ({ name }) => over.get(name)?.pending() ?? []);
  let horizon: Micros = 0;

  const frontier = (): Micros => (time.watermark() ?? 0) - lateness * MICROS_PER_MS;

  function follow(announced: readonly Announcement[]): void {
    for (const table of pipeline.over) {
      const source = table.over as WindowTable<AnyEvent>;
      const windows = announced.filter((each) => each.table === source.name).map((each) => finalWindow(source, each));
      if (windows.length > 0) note(table, over.get(table.name)?.take(windows));
    }
  }

  function note(table: WindowTable<AnyEvent>, merged: Merged | undefined): void {
    for (const row of merged?.touched ?? []) time.changed(table.name, row);
    for (const { row, items } of merged?.gone ?? []) time.removed(table.name, row, measuresOf(table, row.parts, items));
  }

  function commit(flush: Parameters<Store['commit']>[0]): Outcome {
    const ends = windowEnds(flush.folds, frontier());
    const kept = flush.entries.map((entry, position) =>
      events.insert(entry, whenLate === 'divert' && ends.has(position)),
    );
    const isFresh = (position: number): boolean => kept[position] === 'counted';
    let windows = 0;
    for (const fold of flush.folds) {
      const merged = tables.get(fold.table.name)?.merge(fold, isFresh);
      windows += merged?.began.length ?? 0;
      note(fold.table, merged);
    }
    const before = rejects.size;
    for (const reject of flush.rejects) {
      const identity = rejectIdentity(reject);
      if (!rejects.has(identity)) rejects.set(identity, reject);
    }
    const all = [...kept.keys()];
    return {
      fresh: all.filter(isFresh).length,
      late: [...ends.keys()].filter(isFresh).length,
      diverted: kept.filter((each) => each === 'diverted').length,
      windows,
      rejects: rejects.size - before,
      repeats: comparedBy(pipeline.events) ? all.filter((position) => kept[position] === 'repeat') : [],
    };
  }

  const timekeeping = (options: MemoryWorkerOptions): Store['time'] => {
    const opened = time.open(options);
    return {
      ...opened,
      async retain() {
        await opened.retain();
        events.forget(Math.max(horizon, frontier()));
      },
    };
  };

  const open = (options: MemoryWorkerOptions = {}): Store => ({
    prepare(_, rehearsal) {
      for (const { table } of rehearsal) if (!tables.has(table.name)) throw undeclared(table.name);
    },
    horizon: () => horizon,
    commit: async (flush) => commit(flush),
    compare: async (entries) => entries.map(events.compare),
    time: timekeeping(options),
  });
  const tableOf = (name: string): WindowTable<AnyEvent> => {
    const table = [...pipeline.windows, ...pipeline.over].find((each) => each.name === name);
    if (!table) throw undeclared(name);
    return table;
  };

  return {
    ...open(),
    open,
    rows: (name) =>
      sorted(rowsOf(tableOf(name))).map((row) => readable(tableOf(name), row, readingOf(tableOf(name), row))),
    states: (name) => sorted(rowsOf(tableOf(name))).map((row) => time.stateOf(name, row)),
    events: events.size,
    rejects: () => [...rejects.values()],
    setHorizon(next) {
      horizon = Math.max(horizon, next);
    },
    watermark: time.watermark,
    announced: time.announced,
  };
}

const sorted = (rows: Iterable<WindowRow>): WindowRow[] =>
  [...rows].sort((a, b) => a.window - b.window || (a.key.join('\0') < b.key.join('\0') ? -1 : 1));

const readable = (
  table: WindowTable<AnyEvent>,
  row: WindowRow,
  measures: Record<string, string | null>,
): Record<string, string | null> => ({
  window_start: new Date(row.window / 1_000).toISOString(),
  ...(table.window.kind === 'session' ? { window_end: new Date(row.end / 1_000).toISOString() } : {}),
  ...Object.fromEntries(Object.keys(table.key).map((column, i) => [column, row.key[i] as string])),
  ...measures,
});
