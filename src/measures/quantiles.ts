import { inspect } from 'node:util';
import { Big } from 'big.js';
import { decimal } from '../column.ts';
import { declared } from '../declared.ts';
import {
  accessor,
  type Contribution,
  type Measure,
  type MeasureOptions,
  measureOptions,
  type Reading,
} from '../measure.ts';
import { Unfoldable } from '../unfoldable.ts';
import { bucketsOf } from './buckets.ts';

export interface QuantilesOptions<U extends string = string> extends MeasureOptions<U> {
  /** Which quantiles, each above 0 and below 1: 0.95 makes the column `<name>_p95`, 0.999 `<name>_p99_9`. */
  readonly p: readonly number[];
  /** Most relative error of a quantile, 0.0001 to 0.5. Default 0.01. */
  readonly error?: number;
}

/**
 * Quantiles with a relative error of at most `error`: columns `<name>_p50` and so on, `numeric`; null where nothing contributed. The `p`-quantile is, as of
 * `percentile_disc`, the smallest value that at least a share `p` of all are not above. Values may be negative and 0.
 *
 * DDSketch (Masson, Rim, Lee: DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees, 2019, section 2). A value `x` is in bucket
 * `⌈log_γ x⌉`, with `γ = (1 + error) / (1 - error)`; rows of `<table>_<name>` are buckets in the order of what they hold, with `value`, which is at most `error` from
 * all of that, and `n`. At 1 %, values from 1 to 1,000 are in 346 buckets at most.
 *
 * @throws ConfigError for other `p` or `error`. A value too large for a double makes its event a reject.
 * @example
 * quantiles((e) => e.ms, { p: [0.5, 0.95], unit: 'ms' })
 */
export function quantiles<T, const U extends string = string>(
  value: (event: T) => Contribution,
  options: QuantilesOptions<U>,
): Measure<T, U> {
  accessor(value, 'quantiles');
  const { p, error = 0.01, ...rest } = measureOptions(options, 'quantiles', ['p', 'error', 'unit']);
  const fits: boolean = Array.isArray(p) && p.length > 0 && p.every(isShare);
  declared(fits, 'quantiles p', 'numbers above 0 and below 1', p, `p: [${likely(p).join(', ')}]`);
  const precise: boolean = typeof error === 'number' && error >= 0.0001 && error <= 0.5;
  declared(precise, 'quantiles error', 'a number from 0.0001 to 0.5', error, 'error: 0.01');
  const bucketOf = bucketsOf(error);
  return {
    ...rest,
    kind: 'quantiles',
    shape: [error, ...p],
    inputs: [],
    parts: [],
    items: {
      columns: { bucket: 'bigint' },
      each: (event, _, emit) => {
        const x = numberOf(value(event));
        if (x === undefined) return;
        const bucket = bucketOf(x);
        emit(bucket.code, bucket.value);
      },
      parts: [
        // the same of all that is in the bucket
        { suffix: 'value', type: 'numeric', of: 'value', combine: 'max' },
        { suffix: 'n', type: 'bigint', of: 'events', combine: 'sum' },
      ],
    },
    functions: [QUANTILE],
    readings: p.map(reading),
  };
}

const isShare = (p: unknown): boolean => typeof p === 'number' && p > 0 && p < 1;

/** What was meant: of percents, or of one alone, the shares. */
function likely(p: unknown): readonly unknown[] {
  const given: readonly unknown[] = [p].flat();
  const shares = given.map((each) =>
    typeof each === 'number' && each >= 1 && each < 100 ? new Big(each).div(100).toNumber() : each,
  );
  return shares.length > 0 && shares.every(isShare) ? shares : [0.5, 0.95];
}

function numberOf(value: Contribution): number | undefined {
  if (value === null || value === undefined) return undefined;
  const x = typeof value === 'number' ? value : Number(decimal(value) ?? Number.NaN);
  if (Number.isFinite(x)) return x;
  throw new Unfoldable(`quantiles: expected a number up to 1.8e308, a bigint or decimal text; got ${inspect(value)}`);
}

function reading(p: number): Reading {
  const share = new Big(p).toFixed();
  return {
    suffix: `_p${new Big(p).times(100).toFixed().replace('.', '_')}`,
    type: 'numeric',
    sql: (column) =>
      `scalestream.quantile_of(array_agg(${column('bucket')}), array_agg(${column('value')}), array_agg(${column('n')}), ${share})`,
    of(_, items) {
      const rows = items.map(({ bucket, value, n }) => ({ bucket: Number(bucket), value, n: BigInt(n as string) }));
      const total = rows.reduce((sum, { n }) => sum + n, 0n);
      const rank = new Big(share).times(String(total)).round(0, Big.roundUp).toFixed();
      let upTo = 0n;
      for (const { value, n } of rows.sort((a, b) => a.bucket - b.bucket)) {
        upTo += n;
        if (upTo >= BigInt(rank)) return value ?? null;
      }
      return null;
    },
  };
}

const QUANTILE = `create or replace function scalestream.quantile_of(buckets bigint[], vals numeric[], ns bigint[], share numeric) returns numeric language sql immutable parallel safe as $f$
  select value from (
    select value, sum(n) over (order by bucket) as up_to, sum(n) over () as total from unnest(buckets, vals, ns) as filled (bucket, value, n)
  ) ranked where up_to >= ceil(share * total) order by up_to limit 1
$f$;`;
