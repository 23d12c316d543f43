import type { Seen } from './look.ts';

/** Which windows the followers of a table hold, where some may be gone without a trace: then there are fewer than they hold. */
export interface HeldWindows {
  /** Takes in what changed. Whether some are gone. */
  changed(seen: Seen): boolean;
  /** Takes in all there is, which is told to all followers or to some. Whether others hold what is gone. */
  whole(seen: Seen, toAll: boolean): boolean;
}

export function heldWindows(): HeldWindows {
  let held = new Map<string, string>();

  const idsOf = ({ frame }: Seen): Map<string, string> =>
    new Map(frame.rows.map(({ key, start }) => [start + key, start]));

  /** What begins before is not followed any more. */
  const forget = ({ from }: Seen): void => {
    if (from !== null) for (const [id, start] of held) if (start < from) held.delete(id);
  };

  return {
    changed(seen) {
      if (seen.held === undefined) return false;
      forget(seen);
      for (const [id, start] of idsOf(seen)) held.set(id, start);
      return held.size !== seen.held;
    },
    whole(seen, toAll) {
      if (seen.held === undefined) return false;
      const all = idsOf(seen);
      forget(seen);
      const areGone = !toAll && [...held.keys()].some((id) => !all.has(id));
      if (toAll || areGone) held = all;
      return areGone;
    },
  };
}
