import {
  count,
  countIf,
  defineMeasure,
  distinct,
  exactDistinct,
  first,
  funnel,
  last,
  type Measure,
  max,
  mean,
  min,
  money,
  quantiles,
  ratio,
  sum,
  topK,
  variance,
} from '../../src/index.ts';
import type { Fact } from './facts.ts';

/** Values for steps, of which two and two are in one word of a `distinct`. */
const SHARING: Readonly<Record<string, string>> = { view: '17', cart: '28', buy: '18', leave: '43' };

/** Every measure there is, some in more than one form. */
export const MEASURES: Readonly<Record<string, Measure<Fact>>> = {
  facts: count(),
  large: countIf((e) => Number(e.value) > 1),
  total: sum((e) => e.value),
  least: min((e) => e.value),
  most: max((e) => e.value),
  average: mean((e) => e.value),
  spread: variance((e) => e.value),
  bought: ratio(
    countIf((e) => e.step === 'buy'),
    count(),
  ),
  users: exactDistinct((e) => e.user),
  visitors: distinct((e) => e.user),
  kinds: distinct((e) => SHARING[e.step]),
  opened: first((e) => e.user),
  closed: last({ numeric: (e) => e.value }),
  sold: last({ boolean: (e) => e.step === 'buy' }),
  token: first({ uuid: (e) => `A0EEBC99-9C0B-4EF8-BB6D-${String(e.at % 1_000).padStart(12, '0')}` }),
  height: quantiles((e) => e.value, { p: [0.001, 0.5, 0.95] }),
  steps: topK((e) => e.step, { k: 2 }),
  spenders: topK((e) => e.user, { k: 3, by: (e) => e.value }),
  way: funnel({
    by: (e) => e.user,
    steps: { view: (e) => e.step === 'view', cart: (e) => e.step === 'cart', buy: (e) => e.step === 'buy' },
  }),
  turns: funnel({ steps: { view: (e) => e.step === 'view', leave: (e) => e.step === 'leave' } }),
  euros: money((e) => (e.currency === 'EUR' ? e.value : null), { currency: 'EUR' }),
  takings: money((e) => e.value, { currency: (e) => e.currency }),
  divisor: defineMeasure({
    kind: 'gcd',
    parts: { all: { type: 'bigint', of: (e: Fact) => e.at, combine: { sql: (a, b) => `gcd(${a}, ${b})`, of: gcd } } },
  }),
  named: defineMeasure({
    kind: 'namesSpan',
    parts: {
      least: { type: 'text', of: (e: Fact) => e.user, combine: 'min' },
      most: { type: 'text', of: (e: Fact) => e.user, combine: { sql: (a, b) => `greatest(${a}, ${b})`, of: later } },
      n: { type: 'numeric', of: (e: Fact) => e.value, combine: 'sum' },
    },
    reading: {
      type: 'text',
      sql: ({ least, most, n }) => `${least} || '-' || ${most} || '/' || trim_scale(${n})::text`,
      of: ({ least, most, n }) => (least === null ? null : `${least}-${most}/${n}`),
    },
  }),
};

const TABLES = [
  'measured',
  ...Object.keys(MEASURES)
    .filter((name) => MEASURES[name]?.items)
    .map((name) => `measured_${name}`),
];

/** Empties the tables of facts that are measured by all of them. */
export const TRUNCATE = `truncate facts, ${TABLES.join(', ')}`;

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? (a < 0n ? -a : a) : gcd(b, a % b);
}

function later(a: string, b: string): string {
  return Buffer.compare(Buffer.from(a), Buffer.from(b)) > 0 ? a : b;
}
