import { type Random, seededRandom } from '../../src/producer/random.ts';

/** Seeded choices. */
export interface Dice extends Random {
  /** True in so many of a hundred cases. */
  chance(percent: number): boolean;
  pick<T>(from: readonly T[]): T;
  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number;
}

export function dice(seed: number): Dice {
  const random = seededRandom(seed);
  return {
    ...random,
    chance: (percent) => random.below(100) < percent,
    pick: <T>(from: readonly T[]) => from[random.below(from.length)] as T,
    between: (least, most) => least + random.below(most - least + 1),
  };
}
