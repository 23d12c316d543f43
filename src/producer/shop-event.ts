import type { Action } from './visit.ts';

export type ShopEventType = 'page_view' | 'search' | 'add_to_cart' | 'remove_from_cart' | 'checkout' | 'purchase';

/** One event of the simulated shop, as it goes over the wire. */
export interface ShopEvent {
  /** UUID version 7; its front is the event's time. */
  readonly id: string;
  readonly type: ShopEventType;
  /** RFC 3339, UTC, with milliseconds. */
  readonly at: string;
  readonly user: string;
  readonly session: string;
  /** Absent on views of the home page, searches and checkouts. */
  readonly product?: string;
  /** The product's category; there whenever `product` is. */
  readonly category?: string;
  /** Pieces: of carts and purchases. */
  readonly quantity?: number;
  /** Unit price × quantity in hundredths of the currency: on `add_to_cart` and `purchase`. */
  readonly cents?: number;
  readonly currency: 'EUR' | 'USD' | 'GBP' | 'PLN';
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  readonly device: 'mobile' | 'desktop' | 'tablet';
  /** What brought the visitor here, where it is known. */
  readonly campaign?: string;
  /** What was searched for. */
  readonly query?: string;
}

const CATEGORIES = [
  'shoes',
  'shirts',
  'bags',
  'toys',
  'books',
  'garden',
  'kitchen',
  'audio',
  'sports',
  'beauty',
] as const;

const categoryOf = (product: number): string => CATEGORIES[product % CATEGORIES.length] as string;

/** 1.99 to 199.99 of the currency, always the same for the same product. */
const priceOf = (product: number): number => 199 + ((Math.imul(product + 1, 0x9e3779b1) >>> 0) % 199) * 100;

const isPriced = (type: ShopEventType): boolean => type === 'add_to_cart' || type === 'purchase';

/** An action with its id and time, as an event. */
export function eventOf(action: Action, id: string, at: string): ShopEvent {
  const { visit, type, product, quantity, query } = action;
  const event: { -readonly [K in keyof ShopEvent]: ShopEvent[K] } = {
    id,
    type,
    at,
    user: visit.user,
    session: visit.session,
    ...(product < 0 ? undefined : { product: `p-${product}`, category: categoryOf(product) }),
    ...(quantity > 0 ? { quantity } : undefined),
    ...(isPriced(type) ? { cents: priceOf(product) * quantity } : undefined),
    currency: visit.currency,
    country: visit.country,
    device: visit.device,
  };
  if (visit.campaign !== undefined) event.campaign = visit.campaign;
  if (query !== undefined) event.query = query;
  return event;
}

/**
 * `JSON.stringify(eventOf(action, id, at))`, three times as fast: the simulator must never be what a measurement measures. No text of the
 * shop needs escaping.
 */
export function textOf(action: Action, id: string, at: string): string {
  const { visit, type, product, quantity, query } = action;
  let text = `{"id":"${id}","type":"${type}","at":"${at}","user":"${visit.user}","session":"${visit.session}"`;
  if (product >= 0) text += `,"product":"p-${product}","category":"${categoryOf(product)}"`;
  if (quantity > 0) text += `,"quantity":${quantity}`;
  if (isPriced(type)) text += `,"cents":${priceOf(product) * quantity}`;
  text += `,"currency":"${visit.currency}","country":"${visit.country}","device":"${visit.device}"`;
  if (visit.campaign !== undefined) text += `,"campaign":"${visit.campaign}"`;
  return query === undefined ? `${text}}` : `${text},"query":"${query}"}`;
}
