import type { Random } from './random.ts';

const HEX4 = Array.from({ length: 65_536 }, (_, n) => n.toString(16).padStart(4, '0'));

/**
 * Makes ids in the form of UUID version 7 (RFC 9562, section 5.7): 48 bits of milliseconds since 1970 in front, so that ids sort by time,
 * then 74 bits from `random`.
 *
 * @returns a function of milliseconds since 1970.
 * @example
 * const id = uuidV7(seededRandom(1));
 * id(1_795_000_000_000); // '01a1eeae-2e00-7…'
 */
export function uuidV7(random: Random): (ms: number) => string {
  let cachedFor = -1;
  let front = '';
  return (ms) => {
    if (ms !== cachedFor) {
      const hex = ms.toString(16).padStart(12, '0');
      front = `${hex.slice(0, 8)}-${hex.slice(8)}-`;
      cachedFor = ms;
    }
    const a = random.uint32();
    const b = random.uint32();
    const c = random.uint32();
    const version = HEX4[0x7000 | (a & 0xfff)];
    const variant = HEX4[0x8000 | ((a >>> 16) & 0x3fff)];
    return `${front}${version}-${variant}-${HEX4[b >>> 16]}${HEX4[b & 0xffff]}${HEX4[c >>> 16]}`;
  };
}
