import type { Clock } from '../clock.ts';

/** Wakes everybody who waits. Whoever wakes looks at the world again: a ring says "something changed", never what. */
export interface Bell {
  readonly ring: () => void;
  /** Resolves at the next ring, or after `ms` if that is sooner. */
  readonly heard: (ms?: number) => Promise<void>;
}

/** A {@link Bell} on the given clock. */
export function bell(clock: Clock): Bell {
  let waiting: (() => void)[] = [];
  return {
    ring() {
      if (waiting.length === 0) return;
      const woken = waiting;
      waiting = [];
      for (const wake of woken) wake();
    },
    heard(ms) {
      return new Promise((resolve) => {
        if (ms === undefined) {
          waiting.push(resolve);
          return;
        }
        const wake = () => {
          cancel();
          resolve();
        };
        const cancel = clock.after(ms, () => {
          waiting = waiting.filter((other) => other !== wake);
          resolve();
        });
        waiting.push(wake);
      });
    },
  };
}
