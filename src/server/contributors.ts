import { Refusal } from '../codecs/refusal.ts';
import type { Entry } from '../batch.ts';
import type { AnyEvent } from '../event-table.ts';
import type { Micros } from '../event-time.ts';
import type { Pipeline } from '../pipeline.ts';
import { rehearse } from '../runtime/rehearse.ts';
import { restorer } from '../runtime/verify.ts';
import type { StoredEvent } from '../sinks/postgres/snapshot.ts';
import type { Describe } from '../store.ts';
import type { WindowTable } from '../window-table.ts';

/** A window: its span and its key, in the order of the key columns. */
export interface WindowName {
  readonly start: Micros;
  readonly end: Micros;
  readonly key: readonly string[];
}

/** Which of some raw events a window is made of, by their position; and which can no longer be read. */
export type Contributors = (
  window: WindowName,
  events: readonly StoredEvent[],
) => Promise<{ readonly of: ReadonlySet<number>; readonly unreadable: readonly number[] }>;

const described = new WeakMap<Pipeline, Promise<Describe>>();

/** The inner graph of a pipeline, found by a rehearsal, once. */
function describing(pipeline: Pipeline): Promise<Describe> {
  let describe = described.get(pipeline);
  if (!describe) described.set(pipeline, (describe = rehearse(pipeline)));
  return describe;
}

/**
 * Asks the pipeline itself: its accessors and filters are JavaScript, so raw events are read back and folded again, as `verify` does, and those are kept whose fold
 * is of the window. What is stored of a hopping window is its panes, of a session its instants: both begin within it.
 */
export function contributors(pipeline: Pipeline, table: WindowTable<AnyEvent>): Contributors {
  const restore = restorer(pipeline);
  return async ({ start, end, key }, events) => {
    const describe = await describing(pipeline);
    const unreadable: number[] = [];
    const entries: Entry<unknown>[] = [];
    const positions: number[] = [];
    for (const [i, event] of events.entries()) {
      const entry = restore(event, entries.length);
      if (entry instanceof Refusal) unreadable.push(i);
      else {
        entries.push(entry);
        positions.push(i);
      }
    }
    const { folds, unfit } = await describe(entries);
    for (const position of unfit.keys()) unreadable.push(positions[position] as number);
    const of = new Set<number>();
    for (const fold of folds) {
      if (fold.table.name !== table.name) continue;
      const groups = fold.windows.map(
        (at, g) => at >= start && at < end && key.every((value, k) => fold.keys[k]?.[g] === value),
      );
      for (const [i, group] of fold.group.entries()) {
        const position = fold.event[i] as number;
        if (groups[group] && !unfit.has(position)) of.add(positions[position] as number);
      }
    }
    return { of, unreadable };
  };
}
