import type { Random } from './random.ts';
import type { ShopEvent, ShopEventType } from './shop-event.ts';

const CAMPAIGNS = ['newsletter', 'black-friday', 'retargeting', 'partner'] as const;
const QUERIES = ['red shoes', 'gift for him', 'tea pot', 'headphones', 'yoga mat', 'desk lamp', 'rain jacket'] as const;
const DEVICES = ['mobile', 'mobile', 'mobile', 'desktop', 'desktop', 'tablet'] as const;
const COUNTRIES = ['DE EUR', 'FR EUR', 'ES EUR', 'IT EUR', 'NL EUR', 'US USD', 'US USD', 'GB GBP', 'PL PLN'] as const;

/** A visitor in the shop: who they are, what they look at, and what is in their cart. */
export interface Visit {
  readonly user: string;
  readonly session: string;
  readonly device: ShopEvent['device'];
  readonly country: string;
  readonly currency: ShopEvent['currency'];
  readonly campaign: string | undefined;
  /** Index of the product last looked at; -1: none. */
  viewed: number;
  readonly cart: { readonly product: number; readonly quantity: number }[];
  started: boolean;
  atCheckout: boolean;
}

/** What a visitor did. `product` is an index, -1 for none; `quantity` is 0 for none. */
export interface Action {
  readonly visit: Visit;
  readonly type: ShopEventType;
  readonly product: number;
  readonly quantity: number;
  readonly query: string | undefined;
}

/** A new visitor, one of `users`: country, currency and device are always the same for the same user. */
export function startVisit(random: Random, users: number): Visit {
  const user = random.below(users);
  const origin = COUNTRIES[user % COUNTRIES.length] as string;
  return {
    user: `u-${user}`,
    session: `s-${random.uint32().toString(36)}${random.uint32().toString(36)}`,
    device: DEVICES[Math.floor(user / 7) % DEVICES.length] as ShopEvent['device'],
    country: origin.slice(0, 2),
    currency: origin.slice(3) as ShopEvent['currency'],
    campaign: random.float() < 0.3 ? CAMPAIGNS[random.below(CAMPAIGNS.length)] : undefined,
    viewed: -1,
    cart: [],
    started: false,
    atCheckout: false,
  };
}

/**
 * What the visitor does next: one action; one for each product of the cart when they buy; none when they leave. Chances are chosen by hand
 * so that about one visit in ten buys.
 */
export function act(visit: Visit, random: Random, drawProduct: (random: Random) => number): readonly Action[] {
  const chance = random.float();
  if (visit.atCheckout) {
    if (chance < 0.7) return visit.cart.splice(0).map((line) => action(visit, 'purchase', line.product, line.quantity));
    visit.atCheckout = false;
    return chance < 0.85 ? [] : [action(visit, 'page_view')];
  }
  if (!visit.started) {
    visit.started = true;
    return chance < 0.5 ? [action(visit, 'page_view')] : view(visit, drawProduct(random));
  }
  if (visit.cart.length > 0 && chance < 0.25) {
    if (chance < 0.2) {
      visit.atCheckout = true;
      return [action(visit, 'checkout')];
    }
    return visit.cart
      .splice(random.below(visit.cart.length), 1)
      .map((line) => action(visit, 'remove_from_cart', line.product, line.quantity));
  }
  if (visit.viewed >= 0 && chance > 0.9) {
    const line = { product: visit.viewed, quantity: random.float() < 0.8 ? 1 : 2 + random.below(3) };
    visit.cart.push(line);
    return [action(visit, 'add_to_cart', line.product, line.quantity)];
  }
  if (chance > 0.8) return [];
  if (chance > 0.72) return [action(visit, 'search', -1, 0, QUERIES[random.below(QUERIES.length)])];
  return view(visit, drawProduct(random));
}

function view(visit: Visit, product: number): readonly Action[] {
  visit.viewed = product;
  return [action(visit, 'page_view', product)];
}

const action = (visit: Visit, type: ShopEventType, product = -1, quantity = 0, query?: string): Action => ({
  visit,
  type,
  product,
  quantity,
  query,
});
