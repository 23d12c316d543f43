import type { Micros } from '../event-time.ts';
import type { Fold } from '../store.ts';

/**
 * By position of an event: the end of the first of its windows to end, where that is at or before `bound`. Such an event may be late: it is, once that
 * window is final. Nearly always there is none.
 */
export function windowEnds(folds: readonly Fold[], bound: Micros): ReadonlyMap<number, Micros> {
  const ends = new Map<number, Micros>();
  for (const { ends: groups, group, event } of folds) {
    if (groups.every((end) => end > bound)) continue;
    for (const [i, position] of event.entries()) {
      const end = groups[group[i] as number] as Micros;
      if (end <= bound && end < (ends.get(position) ?? Number.POSITIVE_INFINITY)) ends.set(position, end);
    }
  }
  return ends;
}
