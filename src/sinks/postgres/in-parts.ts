import type { Pipeline } from '../../pipeline.ts';
import { classify } from './classify.ts';
import type { Connection } from './connect.ts';
import { fencedNow } from './fenced.ts';

/** Most windows that one statement makes final, or announces; fewer where that takes longer than a statement may. */
const WINDOWS = 5_000;

interface Counted {
  readonly n: number;
  readonly fenced: number;
  /** Whether there may be more. Default: where it did as much as it might. */
  readonly left?: boolean;
}

/** What one table's part of a tick did. */
export interface Part {
  readonly n: number;
  readonly more: boolean;
}

/**
 * One statement, and more of them until nothing is left or time is up. What is refused, or takes too long, is repeated with fewer; a window that is so alone is
 * passed over until the others are done, which then fails with its error: the next time it is the first to be tried, alone.
 */
export function inParts(
  connection: Connection,
  pipeline: Pipeline,
  statement: string,
): (until: number) => Promise<Part> {
  let most = WINDOWS;
  let passed = 0;
  /** How many were passed over since a statement succeeded: of more than one it may be the database that is slow. */
  let inRow = 0;
  let why: unknown;
  function fewer(error: unknown): [] {
    const { failure } = classify(error, pipeline.events.name);
    if (failure !== 'slow' && failure !== 'event') throw error;
    if (most > 1) most = Math.ceil(most / 2);
    else {
      passed++;
      inRow++;
      why ??= error;
    }
    return [];
  }
  return async (until) => {
    let n = 0;
    for (;;) {
      const limit = most;
      const [row] = await connection.run<Counted>(statement, [String(limit), String(passed)]).catch(fewer);
      if (row === undefined) {
        if (performance.now() < until) continue;
        if (inRow > 1) throw why;
        return { n, more: true };
      }
      if (row.fenced !== 1) throw await fencedNow(connection, pipeline);
      n += row.n;
      inRow = 0;
      if (!(row.left ?? row.n >= limit)) {
        if (passed === 0) return { n, more: false };
        const error = why;
        [most, passed, why] = [1, 0, undefined];
        throw error;
      }
      // As many as it may, in time: so more may go as well.
      most = Math.min(WINDOWS, limit * 2);
      if (performance.now() >= until) return { n, more: true };
    }
  };
}
