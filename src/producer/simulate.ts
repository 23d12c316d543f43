import { ConfigError } from '../errors.ts';
import { badEvent } from './bad-event.ts';
import { holdBack } from './hold-back.ts';
import { seededRandom } from './random.ts';
import type { ShopEvent } from './shop-event.ts';
import { eventOf, textOf } from './shop-event.ts';
import type { Happening } from './shop.ts';
import { shop } from './shop.ts';

/** Some of the events are sent later than they happened. */
export interface Delay {
  /** Which part of the events, 0 to 1. */
  readonly share: number;
  /** How much later at most, milliseconds of event time; evenly distributed. */
  readonly withinMs: number;
}

export interface SimulateOptions {
  /** A whole number; the same seed and options give the same events, byte for byte. Default 1. */
  readonly seed?: number;
  /** How many events to produce, duplicates and bad ones included. Default: without end. */
  readonly events?: number;
  /** Events a second of event time. Default 1,000. */
  readonly rate?: number;
  /** Event time of the first event, milliseconds since 1970. Default 2026-01-01. */
  readonly startAt?: number;
  /** Takes event times from a clock instead of from `startAt` and `rate`: live traffic, no longer the same at every run. */
  readonly now?: () => number;
  /** Small disorder: neighbours change places. Default: none. */
  readonly disorder?: Delay;
  /** Late events, such as those of a phone without network. Default: none. */
  readonly lateness?: Delay;
  /** The part of the good events that is sent a second time within 5 s, 0 to 1. Default 0. */
  readonly duplicates?: number;
  /** The part of the events that breaks the schema, 0 to 1. Default 0. */
  readonly bad?: number;
  /** How many products there are; popularity follows Zipf's law with exponent 1. Default 1,000. */
  readonly products?: number;
  /** How many users there are. Default 10,000. */
  readonly users?: number;
}

/** What was produced so far. `produced = good + duplicates + bad`, always. */
export interface SimulationCounts {
  readonly produced: number;
  /** Distinct good events: what a pipeline must count. */
  readonly good: number;
  readonly duplicates: number;
  readonly bad: number;
}

/** An event as it is sent: the shop's, or JSON that breaks its schema. */
export type SimulatedEvent = ShopEvent | { readonly bad: unknown };

/** One run: iterate it once, as objects or as texts. */
export interface Simulation extends Iterable<SimulatedEvent> {
  readonly counts: SimulationCounts;
  /** The same events as JSON texts, without making the objects first. */
  texts(): Iterable<string>;
}

const DUPLICATE_WITHIN_MS = 5_000;

/**
 * Shop traffic: visitors browse, search, fill a cart, check out and buy (one `purchase` for each product). Deterministic and synchronous.
 *
 * @throws ConfigError when an option is out of range.
 * @example
 * const traffic = simulate({ seed: 7, events: 10_000, duplicates: 0.01 });
 * for (const text of traffic.texts()) await queue.send(text);
 * traffic.counts; // { produced: 10000, good: 9903, duplicates: 97, bad: 0 }
 */
export function simulate(options: SimulateOptions = {}): Simulation {
  check(options);
  const counts = { produced: 0, good: 0, duplicates: 0, bad: 0 };
  return {
    counts,
    [Symbol.iterator]: () =>
      run(
        options,
        counts,
        ({ action, id, at }) => eventOf(action, id, at),
        (text) => JSON.parse(text) as SimulatedEvent,
      ),
    texts: () =>
      run(
        options,
        counts,
        ({ action, id, at }) => textOf(action, id, at),
        (text) => text,
      ),
  };
}

function* run<T>(
  options: SimulateOptions,
  counts: { -readonly [K in keyof SimulationCounts]: number },
  good: (happening: Happening) => T,
  bad: (text: string) => T,
): Generator<T, void, undefined> {
  const { seed = 1, rate = 1_000, startAt = Date.UTC(2026, 0, 1), now, products = 1_000, users = 10_000 } = options;
  const { events = Number.POSITIVE_INFINITY, disorder, lateness, duplicates = 0, bad: spoiledShare = 0 } = options;
  const happen = shop({ seed, rate, startAt, now, products, users });
  const chance = seededRandom(seed + 1);
  const held = holdBack<{ readonly happening: Happening; readonly kind: 'good' | 'duplicates' }>();
  let reached = 0;
  while (counts.produced < events) {
    // What is held will still be sent: near the end nothing new happens, so that exactly `events` are produced.
    const room = events - counts.produced - held.size;
    const waiting = held.due <= reached || room <= 0 ? held.take() : undefined;
    if (waiting) {
      counts.produced++;
      counts[waiting.kind]++;
      yield good(waiting.happening);
      continue;
    }
    const happening = happen();
    reached = happening.ms;
    if (chance.float() < spoiledShare) {
      counts.produced++;
      yield bad(badEvent(eventOf(happening.action, happening.id, happening.at), counts.bad++));
      continue;
    }
    const delay = delayOf(chance.float(), lateness, disorder) * chance.float();
    if (chance.float() < duplicates && room > 1) {
      held.hold(reached + delay + 1 + chance.float() * DUPLICATE_WITHIN_MS, { happening, kind: 'duplicates' });
    }
    if (delay > 0) {
      held.hold(reached + delay, { happening, kind: 'good' });
      continue;
    }
    counts.produced++;
    counts.good++;
    yield good(happening);
  }
}

function delayOf(drawn: number, lateness: Delay | undefined, disorder: Delay | undefined): number {
  const late = lateness?.share ?? 0;
  if (drawn < late) return lateness?.withinMs ?? 0;
  return drawn < late + (disorder?.share ?? 0) ? (disorder?.withinMs ?? 0) : 0;
}

function check(options: SimulateOptions): void {
  const isShare = (n: number) => n >= 0 && n <= 1;
  const isSpan = (n: number) => n >= 0 && Number.isFinite(n);
  const isCount = (n: number) => Number.isSafeInteger(n) && n > 0;
  const rules: readonly [string, number | undefined, (n: number) => boolean, string][] = [
    ['seed', options.seed, Number.isSafeInteger, 'a whole number'],
    ['events', options.events, (n) => n === Number.POSITIVE_INFINITY || isCount(n), 'a whole number above 0'],
    ['rate', options.rate, (n) => n > 0 && Number.isFinite(n), 'a number above 0, events a second'],
    ['startAt', options.startAt, (n) => Number.isSafeInteger(n) && n >= 0, 'milliseconds since 1970'],
    ['duplicates', options.duplicates, isShare, 'a share from 0 to 1'],
    ['bad', options.bad, isShare, 'a share from 0 to 1'],
    ['disorder.share', options.disorder?.share, isShare, 'a share from 0 to 1'],
    ['lateness.share', options.lateness?.share, isShare, 'a share from 0 to 1'],
    ['disorder.withinMs', options.disorder?.withinMs, isSpan, 'milliseconds, 0 or more'],
    ['lateness.withinMs', options.lateness?.withinMs, isSpan, 'milliseconds, 0 or more'],
    ['products', options.products, isCount, 'a whole number above 0'],
    ['users', options.users, isCount, 'a whole number above 0'],
  ];
  for (const [name, value, holds, expected] of rules) {
    if (value === undefined || holds(value)) continue;
    throw new ConfigError({
      where: `simulate: ${name}`,
      expected,
      got: String(value),
      fix: 'change it, or leave it out for its default',
    });
  }
}
