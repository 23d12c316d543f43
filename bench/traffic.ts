import { type Duration, milliseconds } from '../src/duration.ts';
import { simulate } from '../src/producer/simulate.ts';

/** Event time runs at this rate: 400,000 events fill four ten-second windows of a thousand products. */
const RATE = 10_000;
const MINUTE_MS = 60_000;

/**
 * The events of every contender: the same but for the minute in which they are sent; Zipf products, optional fields, 250 bytes each. Live traffic: the
 * last of them happen now. With `BENCH_AGE=1d` they are a day older, as when a backlog is sent again: all of them come for windows that are final.
 */
export function trafficTexts(events: number): Iterable<string> {
  const age = milliseconds((process.env['BENCH_AGE'] ?? '1ms') as Duration, 'BENCH_AGE');
  const startAt = Math.floor((Date.now() - age) / MINUTE_MS) * MINUTE_MS - Math.ceil((events / RATE) * 1_000);
  return simulate({ seed: 42, events, rate: RATE, startAt }).texts();
}
