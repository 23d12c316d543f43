import { Big } from 'big.js';
import { declared } from '../declared.ts';
import { accessor, type Contribution, type Measure, type MeasureOptions, measureOptions } from '../measure.ts';
import { byBytes } from './by-bytes.ts';

export interface TopKOptions<T, U extends string = string> extends MeasureOptions<U> {
  /** How many are read, 1 to 1,000. All are stored. */
  readonly k: number;
  /** What counts of an event; null contributes nothing. Default: each counts 1. */
  readonly by?: (event: T) => Contribution;
}

/**
 * The most frequent values, or those with the largest totals, exactly. A `jsonb` column: `[{"n": 12, "item": "tea"}, …]`, the largest `n` first, of equal ones the
 * smallest `item` byte by byte. `n` is a JSON number with all its digits: beyond 2^53, or as decimals of money, read it as text (`->>`), since `JSON.parse`
 * rounds it. Each value is a row of `<table>_<name>`.
 *
 * @throws ConfigError for another `k`.
 * @example
 * topK((e) => e.product, { k: 10 })
 * topK((e) => e.product, { k: 10, by: (e) => e.cents })
 */
export function topK<T, const U extends string = string>(
  value: (event: T) => string | null | undefined,
  options: TopKOptions<T, U>,
): Measure<T, U> {
  accessor(value, 'topK');
  const { k, by, ...rest } = measureOptions(options, 'topK', ['k', 'by', 'unit']);
  declared(Number.isInteger(k) && k >= 1 && k <= 1_000, 'topK k', 'a whole number from 1 to 1,000', k, 'k: 10');
  declared(
    by === undefined || typeof by === 'function',
    'topK by',
    'a function of the event',
    by,
    'by: (e) => e.cents',
  );
  return {
    ...rest,
    kind: 'topK',
    shape: [k, by ? 'by' : 'n'],
    inputs: [],
    parts: [],
    items: {
      columns: { item: 'text' },
      each: (event, _, emit) => {
        const item = value(event);
        if (item === null || item === undefined) return;
        const n = by ? by(event) : undefined;
        if (!by || (n !== null && n !== undefined)) emit([item], n);
      },
      parts: [
        by
          ? { suffix: 'n', type: 'numeric', of: 'value', combine: 'sum' }
          : { suffix: 'n', type: 'bigint', of: 'events', combine: 'sum' },
      ],
    },
    functions: [TOP],
    readings: [
      {
        suffix: '',
        type: 'jsonb',
        sql: (column) => `scalestream.top_of(array_agg(${column('item')}), array_agg(${column('n')}::numeric), ${k})`,
        of(_, items) {
          const all = items.map(({ item, n }) => ({ item: item as string, n: n as string }));
          const best = all.sort((a, b) => new Big(b.n).cmp(a.n) || byBytes(a.item, b.item)).slice(0, k);
          return `[${best.map(({ item, n }) => `{"n": ${n}, "item": ${JSON.stringify(item)}}`).join(', ')}]`;
        },
      },
    ],
  };
}

const TOP = `create or replace function scalestream.top_of(items text[], ns numeric[], k int) returns jsonb language sql immutable parallel safe as $f$
  select coalesce(jsonb_agg(jsonb_build_object('item', item, 'n', trim_scale(n)) order by n desc, item collate "C"), '[]') from (
    select item, n from unnest(items, ns) as counted (item, n) order by n desc, item collate "C" limit k
  ) best
$f$;`;
