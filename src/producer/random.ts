/** A seeded source of random numbers: the same seed gives the same numbers on every machine. Not for secrets. */
export interface Random {
  /** A whole number from 0 to 2^32 - 1. */
  uint32(): number;
  /** A number from 0 (inclusive) to 1 (exclusive), with 32 random bits. */
  float(): number;
  /** A whole number from 0 (inclusive) to `n` (exclusive); `n` is at most 2^32. */
  below(n: number): number;
}

/**
 * The generator `sfc32` ("small fast counter", Chris Doty-Humphrey, PractRand 0.9x, public domain): 128 bits of state, a period of at least
 * 2^32, passes PractRand. Its state is filled from the seed by `splitmix32` (Steele, Lea, Flood 2014, with the constants of MurmurHash3).
 *
 * @param seed a whole number; all of its 53 bits count.
 * @example
 * const dice = seededRandom(7);
 * dice.below(6) + 1;
 */
export function seededRandom(seed: number): Random {
  let mix = (seed ^ Math.imul(Math.floor(seed / 2 ** 32), 0x9e3779b1)) | 0;
  const split = () => {
    mix = (mix + 0x9e3779b9) | 0;
    let z = Math.imul(mix ^ (mix >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) | 0;
  };
  let a = split();
  let b = split();
  let c = split();
  let counter = 1;
  const uint32 = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  // The first numbers still resemble the seed; the author's own seeding skips as many.
  for (let i = 0; i < 12; i++) uint32();
  return {
    uint32,
    float: () => uint32() / 2 ** 32,
    below: (n) => Math.floor((uint32() / 2 ** 32) * n),
  };
}
