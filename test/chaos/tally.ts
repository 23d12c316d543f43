/** Counts by name. */
export interface Tally {
  add(name: string, n?: number): void;
  of(name: string): number;
  /** All that begin with `prefix`, without it, sorted by name. */
  under(prefix: string): Record<string, number>;
}

export function tally(): Tally {
  const counts = new Map<string, number>();
  return {
    add: (name, n = 1) => void counts.set(name, (counts.get(name) ?? 0) + n),
    of: (name) => counts.get(name) ?? 0,
    under: (prefix) =>
      Object.fromEntries(
        [...counts]
          .filter(([name]) => name.startsWith(prefix))
          .map(([name, n]): [string, number] => [name.slice(prefix.length), n])
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      ),
  };
}
