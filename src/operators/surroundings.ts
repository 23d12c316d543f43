import { asyncScheduler, type SchedulerLike } from 'rxjs';

/** What operators use that are told nothing else. */
export interface Surroundings {
  /** Processing time. */
  readonly scheduler: SchedulerLike;
  /** Source of jitter, in [0, 1). */
  readonly random: () => number;
}

let current: Surroundings = { scheduler: asyncScheduler, random: Math.random };

/** The surroundings of the graph that is being built; outside {@link within}, RxJS's `asyncScheduler` and `Math.random`. */
export const surroundings = (): Surroundings => current;

/**
 * Builds a graph whose operators use `own` time and chance, without a word of it in the pipeline's file. It holds for what `build` makes before it
 * returns, and for nothing else.
 */
export function within<T>(own: Surroundings, build: () => T): T {
  const before = current;
  current = own;
  try {
    return build();
  } finally {
    current = before;
  }
}
