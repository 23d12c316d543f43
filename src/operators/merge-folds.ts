import type { Fold } from '../store.ts';

/** One fold a table: two branches may fold into the same one, and a statement may name a window once. */
export function mergeFolds(folds: readonly Fold[]): Fold[] {
  const merged = new Map<string, Fold>();
  for (const fold of folds) {
    const other = merged.get(fold.table.name);
    merged.set(fold.table.name, other ? join(other, fold) : fold);
  }
  return [...merged.values()];
}

function join(a: Fold, b: Fold): Fold {
  const windows = [...a.windows];
  const keys = a.keys.map((column) => [...column]);
  const identity = (fold: Fold, group: number): string =>
    JSON.stringify([fold.windows[group], ...fold.keys.map((column) => column[group])]);
  const known = new Map(a.windows.map((_, group) => [identity(a, group), group]));
  const moved = b.windows.map((window, group) => {
    const found = known.get(identity(b, group));
    if (found !== undefined) return found;
    for (const [i, column] of keys.entries()) column.push(b.keys[i]?.[group] as string);
    return windows.push(window) - 1;
  });
  return {
    table: a.table,
    event: [...a.event, ...b.event],
    group: [...a.group, ...b.group.map((group) => moved[group] as number)],
    values: a.values.map((column, i) => [...column, ...(b.values[i] ?? [])]),
    windows,
    keys,
    rejects: new Map([...a.rejects, ...b.rejects]),
  };
}
