type Level = Map<unknown, Level | number>;

/** Numbers by paths of the same length: nested maps, so that no text is built of a path. */
export function paths() {
  const root: Level = new Map();
  return {
    find(path: readonly unknown[]): number | undefined {
      let level: Level | number | undefined = root;
      for (const step of path) {
        level = (level as Level).get(step);
        if (level === undefined) return undefined;
      }
      return level as number;
    },
    keep(path: readonly unknown[], index: number): void {
      let level = root;
      for (const step of path.slice(0, -1)) {
        let next = level.get(step) as Level | undefined;
        if (!next) level.set(step, (next = new Map()));
        level = next;
      }
      level.set(path.at(-1), index);
    },
  };
}
