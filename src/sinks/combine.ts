import { Big } from 'big.js';
import type { Combine, Part } from '../measure.ts';

type Merge = (stored: string, value: number | string) => string;

const plain = (value: number | string): string => new Big(value).toFixed();

const NUMBERS: Readonly<Record<Combine, Merge>> = {
  sum: plus,
  min: (stored, value) => (new Big(value).lt(stored) ? plain(value) : stored),
  max: (stored, value) => (new Big(value).gt(stored) ? plain(value) : stored),
  or: (stored, value) => String(BigInt.asIntN(64, BigInt(stored) | BigInt(value))),
};

/** Byte by byte, as the collation "C" does. */
const before = (a: string, b: string): boolean => Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;

/** What is stored once a contribution is merged into it; `null`: nothing was, or is contributed. */
export function combine(part: Part, stored: string | null, value: number | string | null): string | null {
  if (value === null) return stored;
  if (typeof part.combine === 'object') {
    const form = part.type === 'text' ? String : plain;
    return form(stored === null ? value : part.combine.of(stored, form(value)));
  }
  if (part.type === 'text') {
    const text = String(value);
    return stored === null || before(text, stored) === (part.combine === 'min') ? text : stored;
  }
  return stored === null ? plain(value) : NUMBERS[part.combine](stored, value);
}

/** What an event contributes to a part, given its input. */
export function contributes(part: Part, value: number | string | null): number | string | null {
  if (part.of === 'events') return 1;
  if (value === null || part.of === 'value') return value;
  return part.of === 'values' ? 1 : new Big(value).times(value).toFixed();
}

/** What a part is where nothing contributed. */
export const empty = (part: Part): string | null => (part.combine === 'sum' || part.combine === 'or' ? '0' : null);

const WHOLE = /^-?\d{1,15}$/;

/** Small whole numbers are the common case, and exact as they are. */
function plus(stored: string, value: number | string): string {
  const whole = typeof value === 'number' ? Number.isSafeInteger(value) : WHOLE.test(value);
  const total = Number(stored) + Number(value);
  return whole && WHOLE.test(stored) && Number.isSafeInteger(total)
    ? String(total)
    : new Big(stored).plus(value).toFixed();
}
