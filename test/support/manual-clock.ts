import type { Clock } from '../../src/clock.ts';

/** A clock that moves when it is told to. */
export interface ManualClock extends Clock {
  /** Moves on by `ms`, runs what falls due in order, and lets promises settle after each. */
  advance(ms: number): Promise<void>;
  /** Tasks that wait for their time. */
  readonly pending: number;
}

/** Starts at `now`, milliseconds since 1970. */
export function manualClock(now = Date.UTC(2026, 0, 1)): ManualClock {
  const tasks = new Map<number, { readonly at: number; readonly task: () => void }>();
  let ids = 0;
  return {
    now: () => now,
    after(ms, task) {
      const id = ids++;
      tasks.set(id, { at: now + ms, task });
      return () => tasks.delete(id);
    },
    get pending() {
      return tasks.size;
    },
    async advance(ms) {
      const until = now + ms;
      await settle();
      for (;;) {
        const due = [...tasks].filter(([, { at }]) => at <= until).sort(([, a], [, b]) => a.at - b.at)[0];
        if (!due) break;
        tasks.delete(due[0]);
        now = Math.max(now, due[1].at);
        due[1].task();
        await settle();
      }
      now = until;
    },
  };
}

/** Lets every promise that can settle do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
