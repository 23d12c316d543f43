import { declared } from '../declared.ts';
import { type Duration, milliseconds } from '../duration.ts';
import { MICROS_PER_MS, type Micros } from '../event-time.ts';

/**
 * The length of a window.
 *
 * @throws ConfigError for less than a millisecond.
 */
export function lengthOf(duration: Duration, where: string): Micros {
  const micros = Math.round(milliseconds(duration, where) * MICROS_PER_MS);
  declared(micros >= MICROS_PER_MS, where, '1ms or more', duration, "write it like '10s'");
  return micros;
}
