import { inspect } from 'node:util';
import { declared, knownOptions } from '../declared.ts';
import { accessor, type Contribution, type Measure, numeric } from '../measure.ts';
import { Unfoldable } from '../unfoldable.ts';
import { byBytes } from './by-bytes.ts';

export interface MoneyOptions<T, U extends string = string> {
  /** A code of ISO 4217, as `'EUR'`: of all amounts, or read from each event. */
  readonly currency: U | ((event: T) => string | null | undefined);
}

/** Three capital letters: the shape of a code, since the list itself changes. */
const CODE = /^[A-Z]{3}$/;

/**
 * A sum of money: exact decimals, as numbers, bigints or decimal text; null contributes nothing. Of one currency a `numeric` column, which says it in
 * its comment. Where events name theirs, a total for each, since currencies are never added up: a `jsonb` column `{"EUR": 12.5, "USD": 3}`, and rows of
 * `<table>_<name>`. `JSON.parse` rounds what has more than 15 digits: read it as text (`->> 'EUR'`).
 *
 * @throws ConfigError for a currency that is no code. An amount whose currency is none makes its event a reject.
 * @example
 * money((e) => e.amount, { currency: 'EUR' })
 * money((e) => e.amount, { currency: (e) => e.currency })
 */
export function money<T, const U extends string = string>(
  amount: (event: T) => Contribution,
  options: MoneyOptions<T, U>,
): Measure<T, U> {
  accessor(amount, 'money');
  knownOptions(options, ['currency'], 'money');
  const { currency } = options;
  if (typeof currency === 'function') return perCurrency(amount, currency);
  const fits: boolean = typeof currency === 'string' && CODE.test(currency);
  declared(fits, 'money currency', 'a code of ISO 4217, or a function that gives it', currency, "currency: 'EUR'");
  return {
    kind: 'money',
    shape: [currency],
    unit: currency,
    inputs: [numeric(amount)],
    parts: [{ suffix: '', type: 'numeric', of: 'value', combine: 'sum' }],
    readings: [],
  };
}

const perCurrency = <T, U extends string>(
  amount: (event: T) => Contribution,
  currency: (event: T) => string | null | undefined,
): Measure<T, U> => ({
  kind: 'money',
  shape: ['*'],
  inputs: [],
  parts: [],
  items: {
    columns: { currency: 'text' },
    each: (event, _, emit) => {
      const value = amount(event);
      if (value === null || value === undefined) return;
      const code = currency(event);
      if (typeof code !== 'string' || !CODE.test(code))
        throw new Unfoldable(`money: expected a currency of three capital letters; got ${inspect(code)}`);
      emit([code], value);
    },
    parts: [{ suffix: 'total', type: 'numeric', of: 'value', combine: 'sum' }],
  },
  readings: [
    {
      suffix: '',
      type: 'jsonb',
      sql: (column) => `coalesce(jsonb_object_agg(${column('currency')}, trim_scale(${column('total')})), '{}')`,
      of: (_, items) => {
        const totals = items.map(({ currency: code, total }) => [code as string, total as string] as const);
        const sorted = totals.sort(([a], [b]) => byBytes(a, b));
        return `{${sorted.map(([code, total]) => `"${code}": ${total}`).join(', ')}}`;
      },
    },
  ],
});
