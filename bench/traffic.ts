import { MICROS_PER_DAY, MICROS_PER_MS } from '../src/event-time.ts';
import { simulate } from '../src/producer/simulate.ts';

/** Event time runs at this rate: 400,000 events fill four ten-second windows of a thousand products. */
const RATE = 10_000;
const DAY_MS = MICROS_PER_DAY / MICROS_PER_MS;

/** The events of every contender: the same, byte for byte, on the same day; Zipf products, optional fields, 250 bytes each. */
export function trafficTexts(events: number): Iterable<string> {
  // Yesterday: within every retention, never in the future.
  const startAt = (Math.floor(Date.now() / DAY_MS) - 1) * DAY_MS;
  return simulate({ seed: 42, events, rate: RATE, startAt }).texts();
}
