import type { AnyEvent } from '../../event-table.ts';
import { type Stored, storedOf } from '../../stored.ts';
import type { WindowTable } from '../../window-table.ts';
import { isHopping } from '../hopping-table.ts';
import { instant } from './instant.ts';
import { paneMerge } from './pane-merge.ts';
import { foldedPart, mergedPart } from './part-sql.ts';
import { quoteName, quoteText } from './quote.ts';
import { sessionMerge } from './session-merge.ts';

/** What merges the contributions of a flush into one relation: a part of the statement of a flush. */
export interface Merge {
  readonly name: string;
  readonly text: string;
  /** Which rows of it are windows that began. */
  readonly began: string;
  /** Whether it comes after the others, since flushes take turns at it. */
  readonly last?: true;
  /** Selects the windows that were final and changed: table, start, key, revision, contents, whether they are gone. */
  readonly changed?: string;
}

/** The relations of a window table, in the order of {@link storedOf}: a table's windows before its items, so that every flush locks in one order. */
export function mergesOf(table: WindowTable<AnyEvent>, name: string, { next, trace }: Parameters): Merge[] {
  if (table.window.kind === 'session') return [sessionMerge(table, name, { next, trace })];
  return storedOf(table).map((stored, i) =>
    i === 0 ? windowMerge(table, stored, name, { next, trace }) : itemMerge(table, stored, `${name}_${i}`, next),
  );
}

/** The parameters of a flush, as its parts name them. */
export interface Parameters {
  /** One more. */
  readonly next: () => string;
  /** The trace of the flush; null where it is not sampled. */
  readonly trace: string;
}

function windowMerge(table: WindowTable<AnyEvent>, stored: Stored, name: string, { next, trace }: Parameters): Merge {
  if (isHopping(table)) return paneMerge(table, stored, name, upsert(table, stored, next, trace));
  const key = stored.key.map((column) => quoteName(column.name));
  const pairs = stored.key.map((column) => `${quoteText(column.name)}, ${quoteName(column.name)}`).join(', ');
  const { insert, sets } = upsert(table, stored, next, trace);
  return {
    name,
    text: `${name} as (${insert}
  set ${[...sets, 'revision = w.revision + 1', 'updated_at = clock_timestamp()'].join(', ')}
  returning ${['window_start', ...key, 'revision', 'final_revision'].join(', ')}, case when final_revision is not null then to_jsonb(w.*) end as "$contents"
)`,
    began: 'revision = 1',
    changed: `select ${quoteText(table.name)}::text, window_start, jsonb_build_object(${pairs}), revision, "$contents", false from ${name} where final_revision is not null`,
  };
}

function itemMerge(table: WindowTable<AnyEvent>, stored: Stored, name: string, next: () => string): Merge {
  const { insert, sets } = upsert(table, stored, next);
  return { name, text: `${name} as (${insert}\n  set ${sets.join(', ')}\n  returning 1\n)`, began: 'false' };
}

/** Sums up contributions by group and inserts, or merges, one row a group; up to its `do update`. */
function upsert(
  table: WindowTable<AnyEvent>,
  { name, start, key, inputs, parts }: Stored,
  next: () => string,
  trace?: string,
): { readonly insert: string; readonly sets: readonly string[] } {
  const hasEnd = storesEnd(table) && name === table.name;
  const values = inputs.map((_, i) => `v${i}`);
  const contributions = [
    `unnest(${next()}::text::int[])`,
    `unnest(${next()}::text::int[])`,
    ...inputs.map((type) => `unnest(${next()}::text::${type}[])`),
  ];
  const groups = [
    `unnest(${next()}::text::bigint[])`,
    ...(hasEnd ? [`unnest(${next()}::text::bigint[])`] : []),
    ...key.map(({ type }) => `unnest(${next()}::text::${type}[])`),
  ];
  const keys = key.map((_, i) => `k${i}`);
  const keyColumns = key.map((column) => quoteName(column.name));
  const columns = [
    start,
    ...(hasEnd ? ['window_end'] : []),
    ...keyColumns,
    ...parts.map(({ column }) => quoteName(column)),
    ...(trace ? ['trace_id'] : []),
  ];
  const selected = [
    instant('groups.us'),
    ...(hasEnd ? [instant('groups.ends')] : []),
    ...keys.map((each) => `groups.${each}`),
    ...parts.map((_, i) => `folded.p${i}`),
    ...(trace ? [`${trace}::uuid`] : []),
  ];
  const order = [
    'groups.us',
    ...keys.map((each, i) => `groups.${each}${key[i]?.type === 'text' ? ' collate "C"' : ''}`),
  ];
  return {
    insert: `
  insert into ${quoteName(name)} as w (${columns.join(', ')})
  select ${selected.join(', ')}
  from (
    select ${['c.grp', ...parts.map((part, i) => `${foldedPart(part, `c.v${part.input}`)} as p${i}`)].join(', ')}
    from rows from (${contributions.join(', ')}) as c (${['position', 'grp', ...values].join(', ')})
    where c.position not in (select position from stale)
    group by c.grp
  ) folded
  cross join fence
  join rows from (${groups.join(', ')}) with ordinality as groups (${['us', ...(hasEnd ? ['ends'] : []), ...keys, 'grp'].join(', ')}) on groups.grp = folded.grp
  order by ${order.join(', ')}
  on conflict (${[start, ...keyColumns].join(', ')}) do update`,
    sets: [
      ...parts.map((part) => `${quoteName(part.column)} = ${mergedPart(part, part.column)}`),
      ...(trace ? ['trace_id = excluded.trace_id'] : []),
    ],
  };
}

/** Whether a window's end is stored, since its start does not tell it. */
export const storesEnd = ({ window }: WindowTable<AnyEvent>): boolean => window.stored === undefined;
