import type { Cells, Fold } from '../store.ts';

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
  return {
    table: a.table,
    ...joinCells(a, b),
    items: a.items.map((cells, i) => joinCells(cells, b.items[i] as Cells)),
    rejects: new Map([...a.rejects, ...b.rejects]),
  };
}

function joinCells(a: Cells, b: Cells): Cells {
  const windows = [...a.windows];
  const ends = [...a.ends];
  const keys = a.keys.map((column) => [...column]);
  const identity = (cells: Cells, group: number): string =>
    JSON.stringify([cells.windows[group], ...cells.keys.map((column) => column[group])]);
  const known = new Map(a.windows.map((_, group) => [identity(a, group), group]));
  const moved = b.windows.map((window, group) => {
    const found = known.get(identity(b, group));
    if (found !== undefined) return found;
    for (const [i, column] of keys.entries()) column.push(b.keys[i]?.[group] as string);
    ends.push(b.ends[group] as number);
    return windows.push(window) - 1;
  });
  return {
    event: [...a.event, ...b.event],
    group: [...a.group, ...b.group.map((group) => moved[group] as number)],
    values: a.values.map((column, i) => [...column, ...(b.values[i] ?? [])]),
    windows,
    ends,
    keys,
  };
}
