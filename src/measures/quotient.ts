import { Big } from 'big.js';

const DIGITS_A_GROUP = 4;
const LEAST_DIGITS = 16;

/**
 * As Postgres divides: 16 digits at least, counted in groups of four (`select_div_scale` in its `numeric.c`), without trailing zeros. It may give more digits
 * where events had zeros at the end of very many decimals: those are not known here.
 */
export function quotient(sum: string | null, count: string | null, least = 0): string | null {
  if (sum === null || count === null || count === '0') return null;
  const [a, b] = [new Big(sum), new Big(count)];
  if (a.eq(0)) return '0';
  const [first, second] = [groupsOf(a), groupsOf(b)];
  const weight = first.weight - second.weight - (first.lead <= second.lead ? 1 : 0);
  const scale = Math.max(LEAST_DIGITS - weight * DIGITS_A_GROUP, decimals(sum), least);
  const Exact = Big();
  Exact.DP = scale;
  Exact.RM = Exact.roundHalfUp;
  return new Exact(a).div(b).toFixed();
}

const decimals = (text: string): number => (text.includes('.') ? text.length - text.indexOf('.') - 1 : 0);

/** The number's first group of four digits, and which power of 10,000 it counts. */
function groupsOf(value: Big): { readonly weight: number; readonly lead: number } {
  const weight = Math.floor(value.e / DIGITS_A_GROUP);
  const digits = value.e - weight * DIGITS_A_GROUP + 1;
  return { weight, lead: Number(value.c.slice(0, digits).join('').padEnd(digits, '0')) };
}
