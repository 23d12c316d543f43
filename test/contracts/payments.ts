import { merge } from 'rxjs';
import { z } from 'zod';
import {
  acknowledge,
  count,
  countIf,
  decode,
  eventTable,
  filterEvents,
  foldInto,
  json,
  max,
  mean,
  min,
  pipeline,
  sum,
  transaction,
  tumbling,
  windowTable,
} from '../../src/index.ts';
import { atOnce } from '../support/orders.ts';

const Payment = z.object({
  id: z.string(),
  /** RFC 3339 text, or milliseconds since 1970. */
  at: z.union([z.string(), z.number()]),
  account: z.string(),
  branch: z.union([z.string(), z.number()]),
  owner: z.string(),
  cash: z.boolean(),
  amount: z.union([z.string(), z.number()]).nullable(),
});

/** An event with a column of every type. */
export type Payment = z.infer<typeof Payment>;

export const payments = eventTable('payments', {
  schema: Payment,
  id: { uuid: (e) => e.id },
  time: (e) => e.at,
  keep: 'forever',
  columns: {
    account: (e) => e.account,
    branch: { bigint: (e) => e.branch },
    owner: { uuid: (e) => e.owner },
    cash: { boolean: (e) => e.cash },
    amount: { numeric: (e) => e.amount },
  },
});

/** A key of every type, a measure of every kind. */
export const balances = windowTable('balances', payments, {
  window: tumbling('1m'),
  key: {
    account: (e) => e.account,
    branch: { bigint: (e) => e.branch },
    owner: { uuid: (e) => e.owner },
    cash: { boolean: (e) => e.cash },
  },
  measures: {
    payments: count(),
    large: countIf((e) => Number(e.amount) >= 1_000),
    total: sum((e) => e.amount),
    least: min((e) => e.amount),
    most: max((e) => e.amount),
    mean: mean((e) => e.amount),
  },
});

/** One row an hour; only cash. */
export const till = windowTable('till', payments, {
  window: tumbling('1h'),
  key: {},
  measures: { total: sum((e) => e.amount) },
});

/** Folds each payment once into `balances`, by two branches, and cash into `till`. */
export const banking = pipeline('banking', [payments, balances, till], ({ messages, store }) =>
  messages.pipe(
    decode(json(payments)),
    transaction(store, { once: payments, retry: atOnce }, (fresh$) =>
      merge(
        fresh$.pipe(
          filterEvents((e) => e.cash),
          foldInto(balances),
        ),
        fresh$.pipe(
          filterEvents((e) => !e.cash),
          foldInto(balances),
        ),
        fresh$.pipe(
          filterEvents((e) => e.cash),
          foldInto(till),
        ),
      ),
    ),
    acknowledge(),
  ),
);

export const OWNER = '0b9c1f5e-6f0a-4a55-9c55-0d5a1b6f0001';

/** A payment number `n` at 2026-01-01T00:00:00Z, unless told otherwise. */
export const payment = (n: number, given: Partial<Payment> = {}): Payment => ({
  id: idOf(n),
  at: '2026-01-01T00:00:00Z',
  account: 'a',
  branch: 1,
  owner: OWNER,
  cash: false,
  amount: 1,
  ...given,
});

export const idOf = (n: number): string => `a0eebc99-9c0b-4ef8-bb6d-${n.toString(16).padStart(12, '0')}`;
