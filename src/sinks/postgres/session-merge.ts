import type { AnyEvent } from '../../event-table.ts';
import { storedOf } from '../../stored.ts';
import type { WindowTable } from '../../window-table.ts';
import type { Merge, Parameters } from './merges.ts';
import { quoteText } from './quote.ts';
import { functionOf, textsOf } from './session-arrays.ts';

/**
 * The part of a flush that merges into a session table: a call of its function. The function is strict, so without a fence, which makes the first argument
 * null, it is not called.
 */
export function sessionMerge(table: WindowTable<AnyEvent>, name: string, { next, trace }: Parameters): Merge {
  const texts = storedOf(table).flatMap((stored) => Array.from({ length: textsOf(stored) }, () => `${next()}::text`));
  return {
    name,
    text: `${name} as materialized (
  select * from ${functionOf(table)}(
    (select array[${[...texts, trace].join(', ')}] from fence), (select coalesce(array_agg(position::int), '{}') from stale)
  )
)`,
    began: '"$revision" = 1',
    last: true,
    changed: `select ${quoteText(table.name)}::text, "$start", "$key", "$revision", "$contents", "$removed" from ${name} where "$start" is not null`,
  };
}
