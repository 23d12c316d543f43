import type { AnyEvent } from '../../event-table.ts';
import type { Pipeline } from '../../pipeline.ts';
import { type Stored, storedOf } from '../../stored.ts';
import type { WindowTable } from '../../window-table.ts';
import { instant } from './instant.ts';
import { storesEnd } from './merges.ts';
import { goneOf, SOURCE, takenOf } from './over-ddl.ts';
import { foldedPart, mergedPart } from './part-sql.ts';
import { quoteName, quoteText } from './quote.ts';
import { itemJoins } from './readings.ts';

export const takeFunction = ({ name }: WindowTable<AnyEvent>): string =>
  `scalestream.${quoteName(`take into ${name}`)}`;

/** One at a time takes windows into a table, or makes its windows final: both lock its rows in more than one go. */
export const takeKey = ({ name }: WindowTable<AnyEvent>): string =>
  `hashtextextended(${quoteText(`scalestream take into ${name}`)}, 0)`;

/** The windows that come, as the first texts say: before them the version and the token of the claim. One array, since functions take no more than 100 arguments. */
const GIVEN = `rows from (unnest($1[3]::text[]), unnest($1[4]::text[]), unnest($1[5]::bigint[]), unnest($1[6]::bigint[])) with ordinality as s (delivery, line, us, revision, position)`;
const GIVEN_PARAMETERS = 6;
/** Those of them that are newer than what was taken. */
const FRESH = `(select s.line as "$line", ${instant('s.us')} as "$at" from ${GIVEN} where s.position = any("$fresh"))`;

/**
 * The function that takes final windows out of the outbox into a table of windows over them, all in one statement for whoever calls it. Each statement in it sees
 * what was committed before its lock.
 *
 * What is new is merged, as a flush merges events. Where a window contributed before, that goes, and the rows to which it belonged are made anew of all that is
 * taken: nothing need be undone, so any measure will do. What it reads of all that is taken, which only grows, it reads by index.
 */
export function takeDdl(pipeline: Pipeline, table: WindowTable<AnyEvent>): string {
  const relations = relationsOf(table);
  const [windows, ...items] = relations as [Relation, ...Relation[]];
  const taken = takenOf(windows.stored);
  const group = ['window_start', ...windows.key];
  const types = ['timestamptz', ...windows.stored.key.map(({ type }) => type)];
  const arrays = (name: string): string[] => group.map((_, i) => `"$${name}_${i}"`);
  const [remade, touched] = [arrays('remade'), arrays('touched')];
  const listed = (name: readonly string[], row: string): string =>
    `exists (select from unnest(${name.join(', ')}) as d (${group.join(', ')}) where ${group.map((column) => `d.${column} = ${row}.${column}`).join(' and ')})`;
  const into = (name: readonly string[]): string =>
    `select ${group.map((column) => `coalesce(array_agg(d.${column}), '{}')`).join(', ')} into ${name.join(', ')}`;
  const forget = relations.map(
    ({ stored }) => `delete from ${takenOf(stored)} t using ${FRESH} f where ${sameSource('t', 'f')};`,
  );
  return `create or replace function ${takeFunction(table)}(text[]) returns integer language plpgsql
set enable_nestloop = on set enable_seqscan = off as $take$
#variable_conflict use_column
declare
  "$fresh" int[];
  ${[remade, touched].flatMap((name) => name.map((each, i) => `${each} ${types[i]}[];`)).join('\n  ')}
begin
  perform from scalestream.pipelines where name = ${quoteText(pipeline.name)} and version = $1[1] for share;
  if not found then
    return null;
  end if;
  perform pg_advisory_xact_lock(${takeKey(table)});
  with gone as (
    delete from scalestream.outbox
    where pipeline = ${quoteText(pipeline.name)} and branch = ${quoteText(`over ${table.name}`)} and delivery = any($1[3]::text[]) and claim = $1[2]
    returning delivery
  ), latest as (
    select distinct on (s.line, s.us) s.* from ${GIVEN} join gone using (delivery) order by s.line, s.us, s.revision desc
  )
  select coalesce(array_agg(l.position), '{}') into "$fresh" from latest l
  where not exists (select from ${taken} t where t."$line" = l.line and t."$at" = ${instant('l.us')} and t."$revision" >= l.revision);
  ${into(remade)} from (
    select distinct ${group.map((column) => `t.${column}`).join(', ')} from ${taken} t join ${FRESH} f using (${SOURCE.join(', ')}) where t.window_start is not null
  ) d;
  ${forget.join('\n  ')}
  ${relations.map(keep).join('\n  ')}
  ${into(touched)} from (
    select ${group.map((column) => `t.${column}`).join(', ')} from ${taken} t join ${FRESH} f using (${SOURCE.join(', ')}) where t.window_start is not null
    union select * from unnest(${remade.join(', ')})
  ) d;
  ${relations.map((relation) => merge(windows, relation, `not ${listed(remade, 't')}`)).join('\n  ')}
  with gone as (
    delete from ${quoteName(table.name)} w
    where ${listed(remade, 'w')} and not exists (select from ${taken} t where ${group.map((column) => `t.${column} = w.${column}`).join(' and ')})
    returning w.*
  ), counted as (
    insert into ${goneOf(windows.stored)} (${[...group, 'revision'].join(', ')}) select ${group.join(', ')}, revision + 1 from gone where final_revision is not null
    on conflict (${group.join(', ')}) do update set revision = excluded.revision
  )
  ${remember(pipeline, windows, `select g.*${items.map((_, i) => `, "$items_${i + 1}".*`).join('')}, g.revision + 1 as "$revision", true as "$removed" from gone g ${itemJoins(table, 'g').join(' ')}`)};
  ${items.map(({ stored }) => `delete from ${quoteName(stored.name)} w where ${listed(remade, 'w')};`).join('\n  ')}
  ${relations.map((relation) => remake(windows, relation, listed(remade, 't'))).join('\n  ')}
  ${remember(pipeline, windows, `select w.*, w.revision as "$revision", false as "$removed" from ${quoteName(table.name)} w where ${listed(touched, 'w')}`)};
  return cardinality("$fresh");
end
$take$;`;
}

/** A relation, and what the parameters say of it: the same arrays as in a flush. */
interface Relation {
  readonly stored: Stored;
  readonly hasEnd: boolean;
  /** Quoted names of the key of the windows, and of what names an item. */
  readonly key: readonly string[];
  readonly items: readonly string[];
  readonly contributions: string;
  readonly groups: string;
}

function relationsOf(table: WindowTable<AnyEvent>): Relation[] {
  let n = GIVEN_PARAMETERS;
  const next = (type: string): string => `unnest($1[${++n}]::${type}[])`;
  return storedOf(table).map((stored, i) => {
    const { inputs, key, keyed } = stored;
    const hasEnd = i === 0 && storesEnd(table);
    const contributions = [next('int'), next('int'), ...inputs.map(next)];
    const groups = [next('bigint'), ...(hasEnd ? [next('bigint')] : []), ...key.map(({ type }) => next(type))];
    const names = key.map((column) => quoteName(column.name));
    return {
      stored,
      hasEnd,
      key: names.slice(0, keyed),
      items: names.slice(keyed),
      contributions: `rows from (${contributions.join(', ')}) as c (${['position', 'grp', ...inputs.map((_, v) => `v${v}`)].join(', ')})`,
      groups: `rows from (${groups.join(', ')}) with ordinality as g (${['us', ...(hasEnd ? ['ends'] : []), ...key.map((_, k) => `k${k}`), 'grp'].join(', ')})`,
    };
  });
}

const sameSource = (a: string, b: string): string =>
  SOURCE.map((column) => `${a}.${column} = ${b}.${column}`).join(' and ');

/** Keeps what the fresh windows contribute; of the windows themselves also that one contributes nothing. */
function keep({ stored, hasEnd, key, items, contributions, groups }: Relation): string {
  const isWindows = stored.measure === undefined;
  const values = stored.inputs.map((_, i) => `"$v${i}"`);
  const columns = [
    ...SOURCE,
    ...(isWindows ? ['"$revision"', 'window_start', ...(hasEnd ? ['window_end'] : []), ...key] : items),
    ...values,
  ];
  const selected = [
    's.line',
    instant('s.us'),
    ...(isWindows
      ? ['s.revision', instant('g.us'), ...(hasEnd ? [instant('g.ends')] : []), ...key.map((_, i) => `g.k${i}`)]
      : items.map((_, i) => `g.k${key.length + i}`)),
    ...values.map((_, i) => `c.v${i}`),
  ];
  const join = isWindows ? 'left join' : 'join';
  return `insert into ${takenOf(stored)} (${columns.join(', ')}) select ${selected.join(', ')}
  from ${GIVEN} ${join} ${contributions} on c.position = s.position ${join} ${groups} on g.grp = c.grp where s.position = any("$fresh");`;
}

/** Inserts what is taken of some groups, summed up; up to its `do update`. */
function insertion(windows: Relation, relation: Relation, from: string, which: string): string {
  const { stored, hasEnd, key, items } = relation;
  const isWindows = stored.measure === undefined;
  const group = ['t.window_start', ...key.map((column) => `t.${column}`), ...items.map((column) => `i.${column}`)];
  const columns = ['window_start', ...key, ...items];
  const row = isWindows ? 't' : 'i';
  const same = ['window_start', ...key].map((column) => `g.${column} = t.${column}`).join(' and ');
  const again = `coalesce((select g.revision + 1 from ${goneOf(windows.stored)} g where ${same}), 1)`;
  const parts = stored.parts.map((part) => foldedPart(part, `${row}."$v${part.input}"`));
  const items_ = isWindows ? '' : ` join ${takenOf(stored)} i using (${SOURCE.join(', ')})`;
  return `insert into ${quoteName(stored.name)} as w (${[...columns, ...(hasEnd ? ['window_end'] : []), ...stored.parts.map(({ column }) => quoteName(column)), ...(isWindows ? ['revision'] : [])].join(', ')})
  select ${[...group, ...(hasEnd ? ['max(t.window_end)'] : []), ...parts, ...(isWindows ? [again] : [])].join(', ')} from ${takenOf(windows.stored)} t${from}${items_}
  where t.window_start is not null and ${which}
  group by ${group.join(', ')} order by ${group.join(', ')}
  on conflict (${columns.join(', ')}) do update`;
}

const changed = ({ stored }: Relation): string[] =>
  stored.measure === undefined ? ['revision = w.revision + 1', 'updated_at = clock_timestamp()'] : [];

/** What is fresh, and belongs to no group that is made anew. */
function merge(windows: Relation, relation: Relation, which: string): string {
  const sets = relation.stored.parts.map((part) => `${quoteName(part.column)} = ${mergedPart(part, part.column)}`);
  const fresh = ` join ${FRESH} f using (${SOURCE.join(', ')})`;
  return `${insertion(windows, relation, fresh, which)} set ${[...sets, ...changed(relation)].join(', ')};`;
}

/** All that is taken of the groups that are made anew. */
function remake(windows: Relation, relation: Relation, which: string): string {
  const sets = relation.stored.parts.map(({ column }) => `${quoteName(column)} = excluded.${quoteName(column)}`);
  return `${insertion(windows, relation, '', which)} set ${[...sets, ...changed(relation)].join(', ')};`;
}

/** Windows that were final and changed, or are gone, are announced by the next tick. */
function remember(pipeline: Pipeline, { stored, key }: Relation, rows: string): string {
  const pairs = stored.key.map(({ name }, i) => `${quoteText(name)}, c.${key[i]}`).join(', ');
  return `insert into scalestream.revised (pipeline, window_table, window_start, key, revision, contents, removed)
  select ${quoteText(pipeline.name)}, ${quoteText(stored.name)}, c.window_start, jsonb_build_object(${pairs}), c."$revision",
    to_jsonb(c) - '{$revision,$removed}'::text[] || jsonb_build_object('revision', c."$revision"), c."$removed"
  from (${rows}) c where c.final_revision is not null order by 3, 4
  on conflict (pipeline, window_table, window_start, key) do update
  set revision = greatest(excluded.revision, revised.revision + 1), contents = excluded.contents, removed = excluded.removed, revised_at = clock_timestamp()`;
}
