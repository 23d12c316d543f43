import type { AnyEvent } from '../../event-table.ts';

import { spoken } from '../../duration.ts';
import { MICROS_PER_MS } from '../../event-time.ts';
import type { Pipeline } from '../../pipeline.ts';
import { type Stored, storedOf } from '../../stored.ts';
import type { WindowTable } from '../../window-table.ts';

import { interval } from './instant.ts';

import { quoteName, quoteText } from './quote.ts';
import { measureColumns } from './readings.ts';
import { rollupQuery } from './rollup-query.ts';

export const rollupOf = ({ name }: WindowTable<AnyEvent>): string => `${name}_rollup`;

/**
 * The function `<table>_rollup(bucket, since, until, zone, keep, fill)`: windows in coarser buckets, exact for every measure, since what is stored is merged and only
 * then read: distincts are those of the bucket, means and quantiles are of all that is in it. `keep` names the key columns that stay apart (default: all); `fill`
 * adds the buckets in which a key has nothing. A session is in the bucket in which it begins.
 *
 * @example
 * select * from product_trade_rollup('hour', now() - interval '7 days', now(), zone => 'Europe/Berlin', keep => '{product}', fill => true);
 */
export function rollupDdl(pipeline: Pipeline, table: WindowTable<AnyEvent>): string {
  const [windows, ...items] = storedOf(table) as [Stored, ...Stored[]];
  const columns = measureColumns(table);
  const result = [
    'window_start timestamptz',
    'window_end timestamptz',
    ...windows.key.map(({ name, type }) => `${quoteName(name)} ${type}`),
    ...columns.map(({ column, type }) => `${quoteName(column)} ${type}`),
    'state text',
    'updated_at timestamptz',
  ];
  const name = quoteName(rollupOf(table));
  const isOwn = table.window.zone !== undefined;
  const given = `bucket text, since timestamptz, until timestamptz, ${isOwn ? '' : `zone text default 'UTC', `}keep text[] default null, fill boolean default false`;
  const create = `create or replace function ${name} (${given}) returns table (${result.join(', ')})
language plpgsql stable set search_path from current set plan_cache_mode = force_custom_plan as $rollup$
#variable_conflict use_column
declare
  "$unit" text := scalestream.bucket_unit(bucket);
  "$step" interval;
  "$zone" text := ${isOwn ? `'UTC'` : 'zone'};
  "$first" timestamptz;
  "$last" timestamptz;
begin
${keepFits(table, windows)}
  select min(b.bucket_start), max(b.bucket_end) into "$first", "$last" from scalestream.buckets(bucket, since, until, "$zone") b;
  "$step" := case when "$unit" is null then bucket::interval end;
${bucketsFit(table)}
  return query ${rollupQuery(pipeline, table, windows, items)};
end
$rollup$;`;
  return `do $ddl$ begin
  ${create}
exception when invalid_function_definition then
  drop function ${name} (text, timestamptz, timestamptz, ${isOwn ? '' : 'text, '}text[], boolean);
  ${create}
end $ddl$;`;
}

const keepFits = ({ name }: WindowTable<AnyEvent>, { key }: Stored): string => `
  if not coalesce(keep, '{}') <@ array[${key.map((column) => quoteText(column.name)).join(', ')}]::text[] then
    raise exception using errcode = '22023', message = format('keep => %L: expected key columns of ${name}: ${key.map((column) => column.name).join(', ') || 'it has none'}', keep);
  end if;`;

/** No window may lie in two buckets. Those of a zone of its own are in buckets of that zone. */
function bucketsFit({ name, window }: WindowTable<AnyEvent>): string {
  const refuse = (condition: string): string => `
  if exists (select from scalestream.buckets(bucket, since, until, "$zone") b where ${condition}) then
    raise exception using errcode = '22023', message = format('a bucket of %L in %s cuts windows of ${name} (${shown(window)})', bucket, "$zone"), hint = '${hintOf(window)}';
  end if;`;
  if (window.kind === 'session') return '';
  if (window.stored !== undefined)
    return refuse(`date_bin(${interval(window.stored)}, b.bucket_start, timestamptz 'epoch') <> b.bucket_start`);
  const [unit, zone] = window.shape as [string, string];
  const trunc = `date_trunc(${quoteText(unit)}, b.bucket_start, ${zone === '*' ? '"$zone"' : quoteText(zone)}) <> b.bucket_start`;
  return refuse(unit === 'week' ? `(${trunc} or "$unit" in ('month', 'quarter', 'year'))` : trunc);
}

const hintOf = ({ kind, shape }: WindowTable<AnyEvent>['window']): string =>
  kind === 'calendar' && shape[1] !== '*'
    ? `take a multiple, in the zone of the windows: zone => ${quoteText(String(shape[1])).replaceAll("'", "''")}`
    : 'take a multiple';

const shown = ({ kind, shape, stored }: WindowTable<AnyEvent>['window']): string =>
  stored === undefined ? [kind, ...shape].join(' ') : `${kind}, of ${spoken(stored / MICROS_PER_MS)}`;
