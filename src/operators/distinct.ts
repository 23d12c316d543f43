import type { Entry } from '../batch.ts';

/** The first of each (id, time): a statement may name a row once. Equality is the store's, since ids and times are in its form. */
export function distinct<T>(entries: readonly Entry<T>[]): readonly Entry<T>[] {
  // Nearly always no id repeats, and then no time needs a look.
  const ids = new Set<string>();
  for (const entry of entries) ids.add(entry.id);
  if (ids.size === entries.length) return entries;
  const kept = firsts(entries);
  return kept.length === entries.length ? entries : kept;
}

function firsts<T>(entries: readonly Entry<T>[]): readonly Entry<T>[] {
  const times = new Map<string, Set<number>>();
  return entries.filter(({ id, time }) => {
    const seen = times.get(id);
    if (seen?.has(time)) return false;
    if (seen) seen.add(time);
    else times.set(id, new Set([time]));
    return true;
  });
}
