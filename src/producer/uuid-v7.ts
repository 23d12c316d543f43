import type { Random } from './random.ts';

/** Of a byte. A table of 16 bits would be read from main memory, and take four times as long. */
const HEX = Array.from({ length: 256 }, (_, n) => n.toString(16).padStart(2, '0'));

const hex = (word: number, shift: number): string => HEX[(word >>> shift) & 0xff] as string;

/**
 * Makes ids in the form of UUID version 7 (RFC 9562, section 5.7): 48 bits of milliseconds since 1970 in front, so that ids sort by time,
 * then 74 bits from `random`.
 *
 * @returns a function of milliseconds since 1970.
 * @example
 * const id = uuidV7(seededRandom(1));
 * id(1_795_000_000_000); // '01a1eeae-2e00-7…'
 */
export function uuidV7(random: Pick<Random, 'uint32'>): (ms: number) => string {
  let cachedFor = -1;
  let front = '';
  return (ms) => {
    if (ms !== cachedFor) {
      const time = ms.toString(16).padStart(12, '0');
      front = `${time.slice(0, 8)}-${time.slice(8)}-`;
      cachedFor = ms;
    }
    const a = random.uint32();
    const b = random.uint32();
    const c = random.uint32();
    const versioned = hex(0x7000 | (a & 0xfff), 8) + hex(a, 0);
    const variant = hex(0x8000 | ((a >>> 16) & 0x3fff), 8) + hex(a, 16);
    const node = hex(b, 24) + hex(b, 16) + hex(b, 8) + hex(b, 0) + hex(c, 24) + hex(c, 16);
    return `${front}${versioned}-${variant}-${node}`;
  };
}
