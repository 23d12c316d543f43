import type { Frame, Removed, Row } from './frame.ts';

/** What a client has not taken yet of a table. */
export interface Unsent {
  /** Adds a frame. `false`: that is more than is held for anybody. */
  add(frame: Frame): boolean;
  /** All that was added, as one frame: of a window that changed five times, the last. */
  frame(): Frame;
}

/** Holds what a slow client does not take yet, in no more memory than `mostRows` windows. What follows at once is the frame itself, which all share. */
export function unsent(first: Frame, mostRows: number): Unsent {
  let only: Frame | undefined = first;
  let { kind } = first;
  let last = first;
  const removed = new Map<string, Removed>();
  const keys = new Map<string, Map<string, Row>>();
  let size = 0;

  function merge(frame: Frame): void {
    if (frame.kind === 'whole') {
      kind = 'whole';
      removed.clear();
      keys.clear();
      size = 0;
    }
    for (const each of frame.removed) {
      const rows = keys.get(each.key);
      for (const start of rows?.keys() ?? []) {
        if (start > each.after && start < each.before && rows?.delete(start)) size--;
      }
      // a session only grows, so what it takes in later is more
      removed.set(`${each.key}${each.after}`, each);
    }
    for (const row of frame.rows) {
      let rows = keys.get(row.key);
      if (!rows) keys.set(row.key, (rows = new Map()));
      if (!rows.has(row.start)) size++;
      rows.set(row.start, row);
    }
  }

  return {
    add(frame) {
      if (only) merge(only);
      only = undefined;
      merge(frame);
      last = frame;
      return size + removed.size <= mostRows;
    },
    frame: () =>
      only ?? {
        ...last,
        kind,
        removed: [...removed.values()],
        rows: [...keys.values()].flatMap((rows) => [...rows.values()]),
      },
  };
}
