/** Numbers as people read them. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });

/** A value of a key or a measure as text; numbers with all their digits, see `parseExact`. @param {unknown} value @returns {string} */
export const textOf = (value) => (typeof value === 'string' ? value : JSON.stringify(value));

/**
 * A number with all its digits, grouped: it is text, since it may have more of them than a JavaScript number.
 *
 * @param {unknown} value as the API answers with `numbers=text`
 */
export function exact(value) {
  if (value === null || value === undefined) return '–';
  const text = textOf(value);
  const [, sign, digits, rest = ''] = /^(-?)(\d+)(\.\d+)?$/.exec(text) ?? [];
  return digits === undefined ? text : `${sign === '-' ? '−' : ''}${digits.replace(/\B(?=(\d{3})+$)/g, ',')}${rest}`;
}

/** @param {number} n a few digits, as on an axis */
export const brief = (n) => (Math.abs(n) < 1_000 ? String(Number(n.toPrecision(3))) : short.format(n));

/** @param {number | undefined} n a second; below ten with a digit more, since there it matters */
export const rate = (n) => (n === undefined ? '–' : n > 0 && n < 9.95 ? n.toFixed(1) : whole.format(n));

/** @param {number} share 0 to 1 */
export const percent = (share) => `${Math.round(share * 100)}\u00a0%`;

/** @param {number} n */
export function bytes(n) {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  const step = n < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(n) / 10));
  return `${(n / 1024 ** step).toFixed(step > 0 && n / 1024 ** step < 10 ? 1 : 0)} ${units[step]}`;
}

/** @param {number} seconds */
export function seconds(seconds) {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** @param {number} n @param {string} one @param {string} [many] */
export const counted = (n, one, many = `${one}s`) => `${whole.format(n)} ${n === 1 ? one : many}`;
