import type { Entry } from '../batch.ts';

/** The first of each (id, time): a statement may name a row once. Equality is the store's, since ids and times are in its form. */
export function distinct<T>(entries: readonly Entry<T>[]): readonly Entry<T>[] {
  const times = new Map<string, number | Set<number>>();
  let repeated = false;
  const isFirst = (entry: Entry<T>): boolean => {
    const seen = times.get(entry.id);
    if (seen === undefined) times.set(entry.id, entry.time);
    else if (seen === entry.time || (typeof seen === 'object' && seen.has(entry.time))) return false;
    else if (typeof seen === 'object') seen.add(entry.time);
    else times.set(entry.id, new Set([seen, entry.time]));
    return true;
  };
  const firsts = entries.filter((entry) => {
    const first = isFirst(entry);
    repeated ||= !first;
    return first;
  });
  return repeated ? firsts : entries;
}
