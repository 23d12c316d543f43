import { merge, type Observable } from 'rxjs';
import type { Fresh } from '../../src/batch.ts';
import {
  count,
  exactDistinct,
  type Fold,
  foldInto,
  hopping,
  min,
  session,
  sum,
  type WindowTable,
  windowTable,
} from '../../src/index.ts';
import { naiveSessions } from '../sessions/naive-sessions.ts';
import type { Order } from '../support/orders.ts';
import { firstEnd, naiveRows } from '../time/naive.ts';
import { PACE_MS, TRADE_MS, timedOrders } from '../time/timed-orders.ts';
import type { Scenario } from './scenario.ts';

/** A table that a run has or not, since the earliest end that an order is in decides whether it is late: `recent` hops, `spells` are sessions. */
export type Extra = 'recent' | 'spells';

type Row = Readonly<Record<string, string | null>>;

const HOP_MS = 2_500;
const PANES = 3;
/** Orders are 2.5 s apart, or a multiple: neighbours are of one session, and those that are exactly a gap apart wait for what comes between them. */
const GAP_MS = 5_000;

/** What is known of a table's windows from the outside. */
export interface Watched {
  readonly name: string;
  /** How many columns its key has. */
  readonly keyed: number;
  /** When a window ends, milliseconds since 1970. */
  readonly endOf: (row: Row) => number;
  /** How often one commit may merge into one window: as often as that has panes. */
  readonly merges: number;
  /** Whether an earlier window may take in another one. */
  readonly joins: boolean;
}

const startOf = (row: Row): number => Date.parse(row['window_start'] as string);

const WATCHED: Readonly<Record<'trade' | 'pace' | Extra, Watched>> = {
  trade: { name: 'trade', keyed: 1, endOf: (row) => startOf(row) + TRADE_MS, merges: 1, joins: false },
  pace: { name: 'pace', keyed: 0, endOf: (row) => startOf(row) + PACE_MS, merges: 1, joins: false },
  recent: { name: 'recent', keyed: 0, endOf: (row) => startOf(row) + PANES * HOP_MS, merges: PANES, joins: false },
  spells: {
    name: 'spells',
    keyed: 1,
    endOf: (row) => Date.parse(row['window_end'] as string),
    merges: 1,
    joins: true,
  },
};

/** The tables of a scenario, as they are watched. */
export const watchedOf = ({ also }: Pick<Scenario, 'also'>): Watched[] => [
  WATCHED.trade,
  WATCHED.pace,
  ...also.map((name) => WATCHED[name]),
];

/** The tables of a scenario, and the inner graph of its transaction. */
export function simulatedTables(scenario: Scenario) {
  const { orders, trade, pace, fold } = timedOrders(scenario);
  const measures = {
    orders: count(),
    cents: sum((e: Order) => e.cents),
    least: min((e: Order) => e.cents),
    ids: exactDistinct((e: Order) => e.id),
  };
  const extras: Record<Extra, WindowTable<Order>> = {
    recent: windowTable('recent', orders, {
      window: hopping({ size: `${PANES * HOP_MS}ms`, every: `${HOP_MS}ms` }),
      key: {},
      measures,
    }),
    spells: windowTable('spells', orders, {
      window: session({ gap: `${GAP_MS}ms` }),
      key: { product: (e) => e.product as string },
      measures,
    }),
  };
  const also = scenario.also.map((name) => extras[name]);
  return {
    orders,
    windows: [trade, pace, ...also],
    fold: (fresh$: Observable<Fresh<Order>>): Observable<Fold> =>
      merge(fold(fresh$), ...also.map((table) => fresh$.pipe(foldInto(table)))),
  };
}

/** What each table of a scenario holds of these distinct orders, by the shortest way that can be right. */
export function naiveTables({ also }: Pick<Scenario, 'also'>, orders: readonly Order[]): Record<string, Row[]> {
  const naive: Record<Extra, () => Row[]> = { recent: () => naiveRecent(orders), spells: () => naiveSpells(orders) };
  return { ...naiveRows(orders), ...Object.fromEntries(also.map((name) => [name, naive[name]()])) };
}

/** When the first of an order's windows to end does; of a session that is its own time, since it may be the last of one that is final. */
export function firstEndOf({ also }: Pick<Scenario, 'also'>, order: Order): number {
  const pane = also.includes('recent') ? order.at - (order.at % HOP_MS) + HOP_MS : Number.POSITIVE_INFINITY;
  const instant = also.includes('spells') ? order.at : Number.POSITIVE_INFINITY;
  return Math.min(firstEnd(order), pane, instant);
}

function naiveRecent(orders: readonly Order[]): Row[] {
  const windows = new Map<number, Order[]>();
  for (const order of orders)
    for (let pane = 0; pane < PANES; pane++) {
      const start = order.at - (order.at % HOP_MS) - pane * HOP_MS;
      windows.set(start, [...(windows.get(start) ?? []), order]);
    }
  return [...windows]
    .sort(([a], [b]) => a - b)
    .map(([start, group]) => ({ window_start: new Date(start).toISOString(), ...measured(group) }));
}

const naiveSpells = (orders: readonly Order[]): Row[] =>
  naiveSessions(orders, GAP_MS, ({ product }) => product as string).map(({ key, start, end, events }) => ({
    window_start: new Date(start).toISOString(),
    window_end: new Date(end).toISOString(),
    product: key,
    ...measured(events),
  }));

const measured = (group: readonly Order[]): Row => ({
  orders: String(group.length),
  cents: String(group.reduce((total, { cents }) => total + cents, 0)),
  least: String(Math.min(...group.map(({ cents }) => cents))),
  ids: String(new Set(group.map(({ id }) => id)).size),
});
