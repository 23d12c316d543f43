import type { Random } from '../../src/producer/random.ts';

/** What goes wrong with a flush: its request is cut after some bytes; or it commits, and its answer is cut off, cut after some bytes, or never comes. */
export type FlushFault =
  | { readonly kind: 'request cut'; readonly bytes: number }
  | { readonly kind: 'answer cut' }
  | { readonly kind: 'answer cut after some bytes'; readonly bytes: number }
  | { readonly kind: 'answer never comes' };

/** A flush has some hundred thousand bytes, its answer some hundred. */
const REQUEST_BYTES = 300_000;
const ANSWER_BYTES = 150;

const CHANCES: readonly (readonly [chance: number, fault: (random: Random) => FlushFault])[] = [
  [0.03, (random) => ({ kind: 'request cut', bytes: random.below(REQUEST_BYTES) })],
  [0.2, () => ({ kind: 'answer cut' })],
  [0.12, (random) => ({ kind: 'answer cut after some bytes', bytes: random.below(ANSWER_BYTES) })],
  [0.005, () => ({ kind: 'answer never comes' })],
];

/** Draws what goes wrong with the next flush. */
export const flushFaults =
  (random: Random): (() => FlushFault | undefined) =>
  () => {
    let left = random.float();
    return CHANCES.find(([chance]) => (left -= chance) < 0)?.[1](random);
  };
