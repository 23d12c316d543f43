const WORDS = 4;

/**
 * Counts how often each 128-bit digest was met: a hash table with open addressing in typed arrays, since a `Map` ends at 16.7 million keys and
 * takes four times the memory.
 *
 * Memory: 28 to 56 bytes for each distinct digest.
 *
 * @returns a function of a digest (16 bytes or more; the first 16 count): how often it was met before.
 */
export function ordinals(capacity = 1_024): (digest: Buffer) => number {
  let slots = capacity;
  let used = 0;
  let keys = new Int32Array(slots * WORDS);
  let counts = new Uint32Array(slots);

  /** The slot that holds the key or is free for it. Digests are evenly spread already: their first word is the hash. */
  function slotOf(a: number, b: number, c: number, d: number): number {
    for (let slot = a & (slots - 1); ; slot = (slot + 1) & (slots - 1)) {
      const at = slot * WORDS;
      if (counts[slot] === 0) {
        keys[at] = a;
        keys[at + 1] = b;
        keys[at + 2] = c;
        keys[at + 3] = d;
        return slot;
      }
      if (keys[at] === a && keys[at + 1] === b && keys[at + 2] === c && keys[at + 3] === d) return slot;
    }
  }

  function grow(): void {
    const [oldKeys, oldCounts] = [keys, counts];
    slots *= 2;
    keys = new Int32Array(slots * WORDS);
    counts = new Uint32Array(slots);
    for (const [old, count] of oldCounts.entries()) {
      if (count === 0) continue;
      const [a, b, c, d] = oldKeys.subarray(old * WORDS, old * WORDS + WORDS);
      counts[slotOf(a as number, b as number, c as number, d as number)] = count;
    }
  }

  return (digest) => {
    if (used > slots * 0.7) grow();
    const slot = slotOf(digest.readInt32LE(0), digest.readInt32LE(4), digest.readInt32LE(8), digest.readInt32LE(12));
    const before = counts[slot] as number;
    if (before === 0) used++;
    counts[slot] = before + 1;
    return before;
  };
}
