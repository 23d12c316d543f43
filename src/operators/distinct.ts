import type { Entry } from '../batch.ts';

/**
 * The first of each (time, id), in that order: a statement may name a row once, and one that arrives sorted costs the store no sort.
 * Equality is the store's, since ids and times are in its form.
 */
export function distinct<T>(entries: readonly Entry<T>[]): readonly Entry<T>[] {
  const sorted = entries.toSorted(byTimeAndId); // stable: the first of equals stays first
  const isRepeat = (entry: Entry<T>, i: number): boolean =>
    i > 0 && byTimeAndId(entry, sorted[i - 1] as Entry<T>) === 0;
  return sorted.some(isRepeat) ? sorted.filter((entry, i) => !isRepeat(entry, i)) : sorted;
}

function byTimeAndId(a: Entry<unknown>, b: Entry<unknown>): number {
  if (a.time !== b.time) return a.time - b.time;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
