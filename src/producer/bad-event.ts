import type { ShopEvent } from './shop-event.ts';

/** Ways to spoil an event. Each breaks any sensible schema of the shop's events; all stay JSON, so that siblings in a message are whole. */
const SPOIL: readonly ((event: ShopEvent, n: number) => unknown)[] = [
  (event, n) => ({ ...event, id: undefined, bad: n }),
  (event, n) => ({ ...event, at: undefined, bad: n }),
  (event, n) => ({ ...event, at: 'yesterday', bad: n }),
  (event, n) => ({ ...event, type: 'teleport', bad: n }),
  (event, n) => ({ ...event, user: n }),
  (event, n) => ({ ...event, quantity: 'two', bad: n }),
  (event, n) => `not an object: ${event.id}, bad event ${n}`,
];

/**
 * The text of the `n`-th bad event (from 0), made of a good one that is never sent itself. No two are equal, whatever their kind.
 */
export const badEvent = (event: ShopEvent, n: number): string =>
  JSON.stringify((SPOIL[n % SPOIL.length] as (typeof SPOIL)[number])(event, n));
