import { simulate } from '../../src/producer/simulate.ts';
import { type Books, books, expectedTable } from './books.ts';
import { type Input, packing } from './parcel.ts';

/** Events a second of event time: ten million fill 200 windows of ten seconds with a thousand products. */
const RATE = 5_000;

interface Shop {
  readonly id: string;
  readonly type: string;
  readonly at: string;
  readonly product?: string;
  readonly cents?: number;
  readonly currency?: string;
  readonly country: string;
}

/** The simulated shop, with repeats, disorder, late and bad events, and a plain fold of its distinct good events. */
export function storefrontInput(seed: number, startAt: number): Input {
  const simulation = simulate({
    seed,
    startAt,
    rate: RATE,
    duplicates: 0.02,
    bad: 0.002,
    disorder: { share: 0.1, withinMs: 2_000 },
    lateness: { share: 0.01, withinMs: 120_000 },
  });
  const texts = simulation.texts()[Symbol.iterator]();
  const trade = expectedTable(
    'product_trade',
    ['product'],
    [
      { kind: 'sum', column: 'events' },
      { kind: 'sum', column: 'carts' },
      { kind: 'sum', column: 'revenue_cents' },
    ],
  );
  const sales = expectedTable(
    'country_sales',
    ['country', 'currency'],
    [
      { kind: 'sum', column: 'purchases' },
      { kind: 'sum', column: 'revenue_cents' },
      { kind: 'sum', column: 'basket_cents_sum' },
      { kind: 'sum', column: 'basket_cents_count' },
      { kind: 'max', column: 'largest_cents' },
    ],
  );
  const kept = books('storefront', 'shop_events', 'uuid', [trade, sales]);

  function count(books: Books, event: Shop, ms: number): void {
    const bought = event.type === 'purchase';
    const cents = event.cents ?? null;
    books.events++;
    books.digest.add(`${event.id}|${ms}000`);
    const trading = [1, event.type === 'add_to_cart' ? 1 : 0, bought ? cents : null];
    trade.add(ms - (ms % 10_000), [event.product ?? '(none)'], trading);
    if (!bought) return;
    const basket = [1, cents, cents, cents === null ? 0 : 1, cents];
    sales.add(ms - (ms % 60_000), [event.country, event.currency ?? '(none)'], basket);
  }

  return {
    books: kept,
    async next(events) {
      const pack = packing('storefront');
      for (let i = 0; i < events; i++) {
        const { duplicates } = simulation.counts;
        const text = String(texts.next().value);
        const event = JSON.parse(text) as unknown;
        const bad = badness(event);
        if (bad) {
          pack.reject(text, bad);
          // One that names itself is kept once, however often it is sent; nothing bad is repeated within the simulation.
          kept.reject(bad.reason, text);
          continue;
        }
        const good = event as Shop;
        const ms = Date.parse(good.at);
        pack.event(text, good.id, ms * 1_000);
        if (simulation.counts.duplicates === duplicates) count(kept, good, ms);
      }
      return pack.parcel();
    },
  };
}

const TYPES = new Set(['page_view', 'search', 'add_to_cart', 'remove_from_cart', 'checkout', 'purchase']);

/** Why an event of the simulation must be rejected, judged by its text alone. */
function badness(event: unknown): { readonly reason: string; readonly named: boolean } | undefined {
  if (typeof event !== 'object' || event === null) return { reason: 'schema', named: false };
  const { id, type, at, user, quantity } = event as Readonly<Record<string, unknown>>;
  const named = typeof id === 'string';
  const fits =
    named &&
    TYPES.has(String(type)) &&
    typeof at === 'string' &&
    typeof user === 'string' &&
    (quantity === undefined || Number.isInteger(quantity));
  if (!fits) return { reason: 'schema', named };
  return Number.isNaN(Date.parse(at)) ? { reason: 'no-time', named } : undefined;
}
