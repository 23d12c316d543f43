import { MICROS_PER_MS } from './event-time.ts';
import type { Entry } from './batch.ts';

/** Upper bounds, in milliseconds, of how late events come: from their event time to when their message was sent. Beyond the last is one bucket more. */
export const DELAY_BOUNDS: readonly number[] = [
  100, 300, 1_000, 3_000, 10_000, 30_000, 60_000, 120_000, 300_000, 900_000, 3_600_000, 21_600_000, 86_400_000,
  604_800_000,
];

/** No event yet: one count a bucket. */
export const noDelays = (): number[] => Array.from({ length: DELAY_BOUNDS.length + 1 }, () => 0);

/** Counts events by how late they came. From it an author chooses the lateness. */
export function countDelays(delays: number[], entries: readonly Entry<unknown>[]): void {
  for (const { time, message } of entries) {
    const ms = message.sentAt - time / MICROS_PER_MS;
    let bucket = 0;
    while (bucket < DELAY_BOUNDS.length && ms > (DELAY_BOUNDS[bucket] as number)) bucket++;
    delays[bucket] = (delays[bucket] as number) + 1;
  }
}
