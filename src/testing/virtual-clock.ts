import { setImmediate } from 'node:timers';
import type { Clock } from '../clock.ts';

/** A clock that moves when it is told to, and only then. */
export interface VirtualClock extends Clock {
  /** Moves on by `ms`, runs what falls due in order, and lets promises settle after each. */
  advance(ms: number): Promise<void>;
  /** Moves on by `ms` at once, as a machine does that slept: what fell due meanwhile runs then, in order, and promises settle after all of it. */
  leap(ms: number): Promise<void>;
  /** Runs the one task that is due next, however far away; `false` when there is none. */
  step(): Promise<boolean>;
  /** Tasks that wait for their time. */
  readonly pending: number;
}

interface Task {
  readonly at: number;
  readonly run: () => void;
}

/**
 * Starts at `now`, milliseconds since 1970. Tasks of one instant run in the order in which they were made, so a run is the same every time.
 *
 * @example
 * const clock = virtualClock(Date.UTC(2026, 0, 1));
 * clock.after(1_000, () => console.log('a second later'));
 * await clock.advance(1_000);
 */
export function virtualClock(now = Date.UTC(2026, 0, 1)): VirtualClock {
  const tasks = new Map<number, Task>();
  let ids = 0;

  function next(until: number): Task | undefined {
    let found: number | undefined;
    let soonest = until;
    for (const [id, { at }] of tasks) {
      if (at < soonest || (at === soonest && found === undefined)) {
        found = id;
        soonest = at;
      }
    }
    if (found === undefined) return undefined;
    const task = tasks.get(found);
    tasks.delete(found);
    return task;
  }

  async function run(task: Task): Promise<void> {
    now = Math.max(now, task.at);
    task.run();
    await settle();
  }

  return {
    now: () => now,
    after(ms, task) {
      const id = ids++;
      tasks.set(id, { at: now + Math.max(0, ms), run: task });
      return () => tasks.delete(id);
    },
    get pending() {
      return tasks.size;
    },
    async advance(ms) {
      const until = now + ms;
      await settle();
      for (let task = next(until); task; task = next(until)) await run(task);
      now = until;
    },
    async leap(ms) {
      now += ms;
      for (let task = next(now); task; task = next(now)) {
        for (; task; task = next(now)) task.run();
        await settle();
      }
    },
    async step() {
      const task = next(Number.POSITIVE_INFINITY);
      if (task) await run(task);
      return task !== undefined;
    },
  };
}

/** Lets every promise that can settle do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
