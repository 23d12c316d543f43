import type { Clock } from '../clock.ts';
import type { VirtualClock } from './virtual-clock.ts';

/**
 * A process in virtual time. It lives on its own clock, and reaches the world by `outside` only; so it can be killed or stalled between any two of
 * its steps, as a real one can.
 */
export interface VirtualProcess {
  readonly clock: Clock;
  readonly alive: boolean;
  /** A call to the world: made now, answered once the process can hear it. A dead process neither calls nor hears. */
  outside<T>(call: () => Promise<T>): Promise<T>;
  /** `kill -9`: from now on it does nothing. */
  kill(): void;
  /** `kill -STOP`, and `-CONT` after `ms`: nothing happens in it meanwhile, and everything that fell due happens then. */
  stall(ms: number): void;
}

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

/** Starts a process in the world of `world`. */
export function virtualProcess(world: VirtualClock): VirtualProcess {
  let alive = true;
  let resumesAt = 0;

  /** Runs `step` as soon as the process runs. */
  const whenRunning = (step: () => void): void => {
    if (!alive) return;
    const rest = resumesAt - world.now();
    if (rest > 0) world.after(rest, () => whenRunning(step));
    else step();
  };

  return {
    clock: {
      now: () => world.now(),
      after: (ms, task) => {
        let cancelled = false;
        const cancel = world.after(ms, () => whenRunning(() => cancelled || task()));
        return () => {
          cancelled = true;
          cancel();
        };
      },
    },
    get alive() {
      return alive;
    },
    outside: (call) =>
      alive
        ? new Promise((resolve, reject) => {
            call().then(
              (answer) => whenRunning(() => resolve(answer)),
              (error: unknown) => whenRunning(() => reject(error)),
            );
          })
        : never(),
    kill() {
      alive = false;
    },
    stall(ms) {
      resumesAt = Math.max(resumesAt, world.now() + ms);
    },
  };
}
