import { simulate } from '../../src/producer/simulate.ts';
import type { FreshQueue } from './queue.ts';
import type { Scene } from './e2e-scene.ts';

interface ShopEvent {
  readonly type: string;
  readonly cents?: number;
}

/** Simulated shop events on their way to a queue, slice by slice, and what they add up to. */
export interface Trade {
  /** Sends the next `messages` messages. */
  send(messages: number): Promise<void>;
  /** Of what was sent so far. */
  readonly sent: { events: number; purchases: number; cents: number };
}

/** Event times go on from here at two a second: slowly enough that visitors come to buy. */
const START_AGO_MS = 6 * 3_600_000;

/** Packs `pack` events to a message. Event times are recent, since old ones are refused. */
export function trade(queue: FreshQueue, pack: number, seed = 11): Trade {
  const simulation = simulate({ seed, startAt: Date.now() - START_AGO_MS, rate: 2 });
  const texts = simulation.texts();
  const iterator = texts[Symbol.iterator]();
  const sent = { events: 0, purchases: 0, cents: 0 };
  const next = (): string => {
    const text = String(iterator.next().value);
    const event = JSON.parse(text) as ShopEvent;
    sent.events += 1;
    if (event.type === 'purchase') {
      sent.purchases += 1;
      sent.cents += event.cents ?? 0;
    }
    return text;
  };
  const body = (): string => `[${Array.from({ length: pack }, next).join()}]`;
  return { sent, send: (messages) => queue.send(Array.from({ length: messages }, body)) };
}

/** What the storefront's tables add up to, in the form of {@link Trade.sent}. */
export async function booked({ sql }: Scene): Promise<Trade['sent']> {
  const [row] = await sql<{ events: number; purchases: number; cents: number }[]>`
    select (select sum(events)::int from product_trade) as events, sum(purchases)::int as purchases, sum(revenue_cents)::int as cents
    from country_sales`;
  return row ?? { events: 0, purchases: 0, cents: 0 };
}
