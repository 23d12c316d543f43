import { ConfigError } from './errors.ts';

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A hundred years. Its microseconds are still a safe integer. */
const LONGEST = 36_525 * UNITS.d;

const LARGEST_FIRST = Object.entries(UNITS).toReversed();

type Unit = keyof typeof UNITS;

/** A span of time as a person writes it: a whole or decimal number and its unit (`'100ms'`, `'10s'`, `'1.5h'`, `'90d'`). */
export type Duration = `${number}${Unit}`;

/**
 * Milliseconds of a {@link Duration}.
 *
 * @throws ConfigError when the text has no unit, an unknown one, is not above zero, or is more than a hundred years.
 * @example
 * milliseconds('10s'); // 10000
 */
export function milliseconds(duration: Duration, what = 'duration'): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(duration);
  const value = match ? Number(match[1]) * UNITS[match[2] as Unit] : Number.NaN;
  if (!(value > 0 && value <= LONGEST)) {
    throw new ConfigError({
      where: what,
      expected: "a number above zero and its unit: ms, s, m, h or d, such as '10s'; a hundred years at most",
      got: JSON.stringify(duration) ?? 'nothing',
      fix: /^\d+$/.test(duration) ? `'${duration}s' or '${duration}ms'?` : "write it like '100ms' or '90d'",
    });
  }
  return value;
}

/**
 * A span as a person writes it: in the largest unit that it is whole in or, where that would be a long number, in several.
 *
 * @example
 * spoken(600_000); // '10m'
 * spoken(172_920_000); // '2d 2m'
 */
export function spoken(ms: number): string {
  const [unit, size] = LARGEST_FIRST.find(([, each]) => ms % each === 0) ?? ['ms', 1];
  if (ms < size * 1_000 || unit === 'd') return `${ms / size}${unit}`;
  const [larger, most] = LARGEST_FIRST.find(([, each]) => each <= ms) as [string, number];
  return `${Math.floor(ms / most)}${larger} ${spoken(ms % most)}`;
}
