/**
 * What an event table's `time` may return: a `Date`, a `Temporal.Instant`, RFC 3339 text, or **milliseconds** since 1970 (a fraction counts
 * microseconds; see {@link epochMicros} and {@link epochSeconds} for producers with other units).
 */
export type EventTimeInput = Date | string | number | { readonly epochNanoseconds: bigint };

/** Microseconds since 1970-01-01T00:00:00Z, the resolution of Postgres's `timestamptz`: a safe integer until the year 2255. */
export type Micros = number;

export const MICROS_PER_MS = 1_000;
export const MICROS_PER_DAY = 86_400_000_000;

/** Event times are accepted from 1970 up to this (exclusive): 2250-01-01T00:00:00Z. */
export const MAX_EVENT_TIME: Micros = Date.UTC(2250, 0, 1) * MICROS_PER_MS;

/** An event time from a count of microseconds, such as Google Analytics' `event_timestamp`. */
export const epochMicros = (micros: number): number => micros / 1_000;

/** An event time from a count of seconds. */
export const epochSeconds = (seconds: number): number => seconds * 1_000;

const RFC3339 = /^(\d{4}-\d\d-(\d\d))[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?: ?([Zz]|UTC|[+-]\d\d(?::?\d\d)?))$/;

/**
 * The event time in microseconds, rounded as Postgres rounds it, or `undefined` when it is no time from 1970 to 2250.
 * Text without an offset is refused: it would mean another instant on another machine.
 *
 * @example
 * eventTime('2026-11-22T20:31:00.123456789Z'); // 1795379460123457
 */
export function eventTime(input: unknown): Micros | undefined {
  const micros = toMicros(input);
  return micros >= 0 && micros < MAX_EVENT_TIME ? micros : undefined;
}

function toMicros(input: unknown): number {
  if (typeof input === 'number') {
    // the fraction by itself: the whole product would lose microseconds from 2041 on
    const whole = Math.trunc(input);
    return whole * MICROS_PER_MS + Math.round((input - whole) * MICROS_PER_MS);
  }
  if (typeof input === 'string') return fromText(input);
  if (input instanceof Date) return input.getTime() * MICROS_PER_MS;
  if (typeof input === 'object' && input !== null && 'epochNanoseconds' in input) {
    const nanos = input.epochNanoseconds;
    return typeof nanos === 'bigint' ? Number((nanos + 500n) / 1_000n) : Number.NaN;
  }
  return Number.NaN;
}

const COMMON = /^\d{4}-\d\d-(?:[01]\d|2[0-8])T\d\d:\d\d:\d\d\.\d\d\dZ$/;

function fromText(text: string): number {
  if (text.length === 24 && COMMON.test(text)) return Date.parse(text) * MICROS_PER_MS;
  const match = RFC3339.exec(text);
  if (!match) return Number.NaN;
  const [, date, day, clock, fraction, zone] = match;
  if (Number(day) > 28 && new Date(`${date}T00:00:00Z`).getUTCDate() !== Number(day)) return Number.NaN; // 30 February
  const offset = zone === 'UTC' || zone === 'z' ? 'Z' : (zone as string).length === 3 ? `${zone}:00` : (zone as string);
  const millis = Date.parse(`${date}T${clock}${offset}`);
  return millis * MICROS_PER_MS + (fraction ? Math.round(Number(fraction.padEnd(9, '0')) / 1_000) : 0);
}
