import { undeclared } from '../errors.ts';
import type { Micros } from '../event-time.ts';
import type { Pipeline } from '../pipeline.ts';
import { type Reject, rejectIdentity } from '../reject.ts';
import type { Store } from '../store.ts';
import type { AnyEvent } from '../event-table.ts';
import type { WindowTable } from '../window-table.ts';
import { type Accumulator, accumulate, partsOf } from './accumulate.ts';

export interface MemoryStore extends Store {
  /** The rows of a window table, in order of window and key: `window_start`, the key columns, the stored measures. */
  rows(table: string): Record<string, string | null>[];
  /** How many events are kept. */
  events(): number;
  rejects(): readonly Reject[];
  /** Moves the retention horizon forward. */
  setHorizon(horizon: Micros): void;
}

/**
 * The reference store: what the Postgres store does, in memory. For tests, simulations and small examples.
 *
 * Delivery: exact like the real one, but it forgets everything at exit.
 *
 * @example
 * const store = memoryStore(storefront);
 */
export function memoryStore(pipeline: Pipeline): MemoryStore {
  const events = new Set<string>();
  const rejects = new Map<string, Reject>();
  const tables = new Map<string, Accumulator>(pipeline.windows.map((table) => [table.name, accumulate(table)]));
  let horizon: Micros = 0;
  return {
    prepare(_, rehearsal) {
      for (const { table } of rehearsal) if (!tables.has(table.name)) throw undeclared(table.name);
    },
    horizon: () => horizon,
    async commit(flush) {
      const fresh = flush.entries.map((entry) => {
        const identity = `${entry.time} ${entry.id}`;
        return !events.has(identity) && events.add(identity) !== undefined;
      });
      let windows = 0;
      for (const fold of flush.folds)
        windows += tables.get(fold.table.name)?.merge(fold, (event) => fresh[event] === true) ?? 0;
      const before = rejects.size;
      for (const reject of flush.rejects) {
        const identity = rejectIdentity(reject);
        if (!rejects.has(identity)) rejects.set(identity, reject);
      }
      return { fresh: fresh.filter(Boolean).length, windows, rejects: rejects.size - before };
    },
    rows(name) {
      const table = pipeline.windows.find((each) => each.name === name);
      if (!table) throw undeclared(name);
      return readable(table, tables.get(name));
    },
    events: () => events.size,
    rejects: () => [...rejects.values()],
    setHorizon(next) {
      horizon = Math.max(horizon, next);
    },
  };
}

function readable(table: WindowTable<AnyEvent>, rows: Accumulator | undefined): Record<string, string | null>[] {
  const parts = partsOf(table);
  return [...(rows?.rows() ?? [])]
    .sort((a, b) => a.window - b.window || (a.key.join('\0') < b.key.join('\0') ? -1 : 1))
    .map((row) => ({
      window_start: new Date(row.window / 1_000).toISOString(),
      ...Object.fromEntries(Object.keys(table.key).map((column, i) => [column, row.key[i] as string])),
      ...Object.fromEntries(parts.map((part, i) => [part.column, row.parts[i] ?? null])),
    }));
}
