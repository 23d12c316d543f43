import { hash } from 'node:crypto';

const HEX_DIGITS = 13;
/** Partial sums stay whole numbers below 2^53 for a while; beyond that they go into the large one. */
const LARGE = 2 ** 52;

/** Sums up a hash of each text: equal for equal multisets, whatever the order, and computed the same by Postgres. */
export interface Digest {
  add(text: string): void;
  /** Decimal digits. */
  value(): string;
}

export function digest(): Digest {
  let large = 0n;
  let small = 0;
  return {
    add(text) {
      const part = Number.parseInt(hash('md5', text, 'hex').slice(0, HEX_DIGITS), 16);
      if (small + part >= LARGE) {
        large += BigInt(small);
        small = part;
      } else small += part;
    },
    value: () => String(large + BigInt(small)),
  };
}

/** The SQL aggregate that equals {@link digest} of the texts of `expression`. */
export const digestSql = (expression: string): string =>
  `coalesce(sum(('x' || left(md5(${expression}), ${HEX_DIGITS}))::bit(${HEX_DIGITS * 4})::bigint), 0)::text`;
