import { AGE_SECONDS } from '../source.ts';
import type { HeldMessage } from './held-message.ts';

/** Counts messages by how long they have been in custody; see `QueueStats.ages`. */
export function agesOf(held: Iterable<HeldMessage>, now: number): readonly number[] {
  const ages = [...AGE_SECONDS.map(() => 0), 0];
  for (const { receivedAt } of held) {
    const age = (now - receivedAt) / 1_000;
    const found = AGE_SECONDS.findIndex((bound) => age <= bound);
    const i = found === -1 ? AGE_SECONDS.length : found;
    ages[i] = (ages[i] ?? 0) + 1;
  }
  return ages;
}
