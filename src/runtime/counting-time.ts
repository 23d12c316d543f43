import type { Clock } from '../clock.ts';
import { MICROS_PER_MS } from '../event-time.ts';
import type { Timekeeping } from '../timekeeping.ts';

/** What a worker knows of its pipeline's time. */
export interface TimeStats {
  /** Windows that this worker made final, and revisions of final ones that it announced. */
  readonly final: number;
  readonly revised: number;
  /** Seconds that the watermark is behind the store's clock, also while nobody can ask the store; `undefined` where there is none yet. */
  readonly behind: number | undefined;
}

/** Timekeeping that counts what ticks do, and remembers what the store answered last. */
export function countingTime(
  time: Timekeeping,
  clock: Clock,
): { readonly time: Timekeeping; readonly stats: () => TimeStats } {
  const counts = { final: 0, revised: 0 };
  let last: { readonly at: number; readonly behindMs: number } | undefined;
  return {
    time: {
      ...time,
      async report(report) {
        const answer = await time.report(report);
        const { watermark, clock: store } = answer;
        last = watermark === undefined ? undefined : { at: clock.now(), behindMs: store - watermark / MICROS_PER_MS };
        return answer;
      },
      async tick() {
        const done = await time.tick();
        counts.final += done.final;
        counts.revised += done.revised;
        return done;
      },
    },
    stats: () => ({ ...counts, behind: last && Math.max(0, last.behindMs + clock.now() - last.at) / 1_000 }),
  };
}
