import { seededRandom } from './random.ts';
import { uuidV7 } from './uuid-v7.ts';
import type { Action } from './visit.ts';
import { act, startVisit } from './visit.ts';
import { zipf } from './zipf.ts';

export interface ShopOptions {
  readonly seed: number;
  readonly rate: number;
  readonly startAt: number;
  readonly now: (() => number) | undefined;
  readonly products: number;
  readonly users: number;
}

/** Something that happened in the shop. */
export interface Happening {
  /** Milliseconds since 1970. */
  readonly ms: number;
  readonly id: string;
  readonly at: string;
  readonly action: Action;
}

/** Seconds between two actions of a visitor; how many are in the shop at a time follows from it and the rate. */
const THINK_SECONDS = 10;
const MOST_VISITORS = 10_000;

/** A shop full of visitors: each call tells what happens next. */
export function shop({ seed, rate, startAt, now, products, users }: ShopOptions): () => Happening {
  const random = seededRandom(seed);
  const id = uuidV7(seededRandom(seed + 2));
  const drawProduct = zipf(products, 1);
  const visitors = Math.min(MOST_VISITORS, Math.ceil(rate * THINK_SECONDS));
  const visits = Array.from({ length: visitors }, () => startVisit(random, users));
  const rfc3339 = timestamps();
  let happened = 0;
  let actions: readonly Action[] = [];
  let next = 0;
  let ms = 0;
  return () => {
    while (next >= actions.length) {
      const place = random.below(visitors);
      actions = act(visits[place] as (typeof visits)[number], random, drawProduct);
      if (actions.length === 0) visits[place] = startVisit(random, users);
      // The products of one purchase share its time.
      next = 0;
      ms = now ? now() : startAt + Math.floor((happened * 1_000) / rate);
    }
    happened++;
    return { ms, id: id(ms), at: rfc3339(ms), action: actions[next++] as Action };
  };
}

/** RFC 3339 of milliseconds; `toISOString` once a second of event time instead of once an event. */
function timestamps(): (ms: number) => string {
  let second = -1;
  let front = '';
  return (ms) => {
    const whole = Math.floor(ms / 1_000);
    if (whole !== second) {
      second = whole;
      front = new Date(whole * 1_000).toISOString().slice(0, 20);
    }
    return `${front}${String(ms - whole * 1_000).padStart(3, '0')}Z`;
  };
}
