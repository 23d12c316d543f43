import type { FinalTable } from '../final-sink.ts';
import { identifier } from '../identifier.ts';

/**
 * A table of the same database for `whenFinal`: `window_start`, `window_end`, the columns of key and measures, `revision`, `delivered_at`; a row for each
 * revision that was delivered. Of sessions also `removed`: whether that revision is the last, since an earlier session took it in. `migrate` makes it.
 *
 * Delivery: exactly once, in the statement that makes the window final or announces its revision. Rows are only ever inserted.
 *
 * @throws ConfigError for a name that is no SQL identifier.
 * @example
 * const finals = whenFinal(sales, toTable('sales_final'));
 * // the last state of each window: select distinct on (window_start, country) * from sales_final order by window_start, country, revision desc
 */
export function toTable(name: string): FinalTable {
  return { kind: 'table', name: identifier(name, `toTable('${name}')`) };
}
