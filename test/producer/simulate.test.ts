import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ShopEvent } from '../../src/producer/shop-event.ts';
import type { SimulateOptions } from '../../src/producer/simulate.ts';
import { simulate } from '../../src/producer/simulate.ts';

const options = fc.record<SimulateOptions>(
  {
    seed: fc.integer(),
    events: fc.integer({ min: 1, max: 400 }),
    rate: fc.constantFrom(0.5, 10, 1_000, 50_000),
    duplicates: fc.constantFrom(0, 0.01, 0.5, 1),
    bad: fc.constantFrom(0, 0.01, 0.5, 1),
    disorder: fc.record({ share: fc.constantFrom(0, 0.3, 1), withinMs: fc.constantFrom(0, 50, 5_000) }),
    lateness: fc.record({ share: fc.constantFrom(0, 0.1), withinMs: fc.constant(60_000) }),
    products: fc.integer({ min: 1, max: 50 }),
    users: fc.integer({ min: 1, max: 50 }),
  },
  { requiredKeys: ['events'] },
);

const isGood = (event: unknown): event is ShopEvent =>
  typeof event === 'object' && event !== null && !('bad' in event) && typeof (event as ShopEvent).user === 'string';

test('the same seed and options give the same events, byte for byte; another seed gives others', () => {
  const texts = (seed: number) => [...simulate({ seed, events: 500, duplicates: 0.1, bad: 0.1 }).texts()];
  expect(texts(7)).toEqual(texts(7));
  expect(texts(7)).not.toEqual(texts(8));
});

test('exactly as many events are produced as asked for, and the counts tell what they are', () => {
  fc.assert(
    fc.property(options, (chosen) => {
      const traffic = simulate(chosen);
      const texts = [...traffic.texts()];
      const good = texts.filter((text) => isGood(JSON.parse(text)));
      expect(texts.length).toBe(chosen.events);
      expect(traffic.counts).toEqual({
        produced: texts.length,
        good: new Set(good).size,
        duplicates: good.length - new Set(good).size,
        bad: texts.length - good.length,
      });
    }),
    { numRuns: 60 },
  );
});

test('an event has one id for ever, and no two events share one', () => {
  const texts = [...simulate({ events: 20_000, duplicates: 0.2 }).texts()];
  const ids = new Set(texts.map((text) => (JSON.parse(text) as ShopEvent).id));
  expect(ids.size).toBe(new Set(texts).size);
});

test('no two bad events are equal', () => {
  const bad = [...simulate({ events: 2_000, bad: 1 }).texts()];
  expect(new Set(bad).size).toBe(2_000);
});

test('the text of an event is the JSON of the object', () => {
  fc.assert(
    fc.property(options, (chosen) => {
      expect([...simulate(chosen).texts()]).toEqual([...simulate(chosen)].map((event) => JSON.stringify(event)));
    }),
    { numRuns: 30 },
  );
});

test('ids are UUIDs of version 7 that sort by event time', () => {
  const events = [...simulate({ events: 3_000, rate: 700 })] as ShopEvent[];
  for (const { id, at } of events) {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(Number.parseInt(id.replace('-', '').slice(0, 12), 16)).toBe(Date.parse(at));
    expect(new Date(at).toISOString()).toBe(at);
  }
});

test('event times follow the rate, in order as long as no disorder is asked for', () => {
  const startAt = Date.UTC(2026, 10, 22, 23, 59, 59);
  const times = ([...simulate({ events: 2_000, rate: 1_000, startAt })] as ShopEvent[]).map(({ at }) => Date.parse(at));
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(times[0]).toBe(startAt);
  expect(times.at(-1)).toBeGreaterThan(startAt + 1_980);
  expect(times.at(-1)).toBeLessThan(startAt + 2_000);
});

test('disorder and lateness stay within their bounds, and are there', () => {
  const times = (
    [
      ...simulate({
        events: 10_000,
        disorder: { share: 0.2, withinMs: 300 },
        lateness: { share: 0.01, withinMs: 2_000 },
      }),
    ] as ShopEvent[]
  ).map(({ at }) => Date.parse(at));
  let newest = 0;
  let most = 0;
  let behind = 0;
  for (const time of times) {
    newest = Math.max(newest, time);
    most = Math.max(most, newest - time);
    if (time < newest) behind++;
  }
  expect(most).toBeGreaterThan(300);
  expect(most).toBeLessThanOrEqual(2_001);
  expect(behind / times.length).toBeGreaterThan(0.15);
  expect(behind / times.length).toBeLessThan(0.25);
});

test('visitors buy what is in their cart: one purchase for each product of it, at the price of its adding', () => {
  const carts = new Map<string, Map<string, ShopEvent>[]>();
  let bought = 0;
  for (const event of simulate({ events: 30_000 }) as Iterable<ShopEvent>) {
    const lines = carts.get(event.session) ?? [];
    carts.set(event.session, lines);
    if (event.type === 'add_to_cart') lines.push(new Map([[event.product ?? '', event]]));
    if (event.type !== 'purchase') continue;
    const at = lines.findIndex((line) => line.get(event.product ?? '')?.cents === event.cents);
    expect(at).toBeGreaterThanOrEqual(0);
    lines.splice(at, 1);
    bought++;
  }
  expect(bought).toBeGreaterThan(100);
});

test('popular products are popular: the first of a hundred is drawn about as often as Zipf says', () => {
  const events = [...simulate({ events: 50_000, products: 100 })] as ShopEvent[];
  const views = events.filter(({ type, product }) => type === 'page_view' && product !== undefined);
  const first = views.filter(({ product }) => product === 'p-0').length / views.length;
  // 1 / H(100) = 0.193
  expect(first).toBeGreaterThan(0.17);
  expect(first).toBeLessThan(0.22);
});

test.each([
  [{ bad: 2 }, /bad: expected a share/],
  [{ events: 0 }, /events: expected a whole number above 0; got 0/],
  [{ seed: 0.5 }, /seed/],
  [{ rate: Number.NaN }, /rate/],
  [{ lateness: { share: 0.1, withinMs: -1 } }, /lateness\.withinMs/],
])('an option that cannot work is refused at once: %j', (wrong, message) => {
  expect(() => simulate(wrong)).toThrow(message);
});
