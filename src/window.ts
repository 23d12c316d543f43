import { type Duration, milliseconds } from './duration.ts';
import { ConfigError } from './errors.ts';
import { MICROS_PER_MS, type Micros } from './event-time.ts';

/** How event times become windows. */
export interface Window {
  readonly kind: 'tumbling';
  readonly size: Micros;
  /** The start of the window that holds `time`. */
  readonly start: (time: Micros) => Micros;
}

/**
 * Tumbling windows: fixed size, no gaps, no overlap, half-open `[start, start + size)`, aligned to 1970-01-01T00:00:00Z.
 *
 * @param size at least a millisecond.
 * @throws ConfigError for a smaller one.
 * @example
 * tumbling('10s').start(12_345_678); // 10000000, microseconds
 */
export function tumbling(size: Duration): Window {
  const micros = Math.round(milliseconds(size, 'tumbling(size)') * MICROS_PER_MS);
  if (micros < MICROS_PER_MS) {
    throw new ConfigError({
      where: 'tumbling(size)',
      expected: '1ms or more',
      got: `'${size}'`,
      fix: "write it like '10s'",
    });
  }
  return { kind: 'tumbling', size: micros, start: (time) => time - (time % micros) };
}
