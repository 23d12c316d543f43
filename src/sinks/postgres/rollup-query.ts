import type { AnyEvent } from '../../event-table.ts';
import type { ColumnType } from '../../column.ts';
import type { Pipeline } from '../../pipeline.ts';
import { readingsOf, type Stored } from '../../stored.ts';
import type { WindowTable } from '../../window-table.ts';
import { reached } from './closing.ts';
import { isTotal, totalPart } from './part-sql.ts';
import { quoteName, quoteText } from './quote.ts';
import { itemReading, measureColumns, partReading } from './readings.ts';

/** Stands for a key column that is not kept: a value of its type, so that rows can be joined by it. */
const NOTHING: Readonly<Record<ColumnType, string>> = {
  text: `''`,
  uuid: `'00000000-0000-0000-0000-000000000000'::uuid`,
  bigint: '0::bigint',
  numeric: '0::numeric',
  boolean: 'false',
};

/** Totals of the windows in each bucket, of the items, the two read together; with `fill`, on a grid of all buckets. */
export function rollupQuery(
  pipeline: Pipeline,
  table: WindowTable<AnyEvent>,
  windows: Stored,
  items: readonly Stored[],
): string {
  const grouping = groupingOf(table, windows);
  const { by, zone, kept } = grouping;
  const names = windows.key.map((column) => quoteName(column.name));
  const joins = items.map((_, i) => `left join "$items_${i + 1}" using (${by.join(', ')})`);
  const nothing = windows.key.map((column) => NOTHING[column.type]);
  const keys = `select distinct ${names.join(', ')} from "$windows"${table.window.zone ? '' : ` union select ${nothing.join(', ')} where keep = '{}'`}`;
  const grid = names.length === 0 ? '' : `(${keys}) as "$keys" cross join lateral `;
  const ends = `scalestream.bucket_end("$unit", "$step", "$bucket", ${zone})`;
  const selected = [
    '"$bucket"',
    ends,
    ...windows.key.map((column) => `case when ${kept(column.name)} then ${quoteName(column.name)} end`),
    ...measuresOf(table, windows, items),
    `case when not coalesce("$closed", true) or coalesce(${ends} > ${reached(pipeline)}, true) then 'open' when "$revised" then 'revised' else 'final' end`,
    'updated_at',
  ];
  return `with ${[windowTotals(table, windows, grouping), ...items.map((stored, i) => itemReadings(table, stored, i, grouping))].join(', ')}, "$grid" as (
    select ${by.join(', ')} from "$windows"
    union
    select ${['bucket_start', ...names].join(', ')} from ${grid}scalestream.buckets(bucket, since, until, ${zone}) where fill
  )
  select ${selected.join(', ')}
  from "$grid" left join "$windows" using (${by.join(', ')}) ${joins.join(' ')}
  order by ${by.join(', ')}`;
}

interface Grouping {
  /** The zone of a row, or that of the call. */
  readonly zone: string;
  readonly kept: (column: string) => string;
  /** Bucket and key, as they are computed of a row `w`; and as they are called then. */
  readonly columns: readonly string[];
  readonly by: readonly string[];
  /** The rows that are asked for. */
  readonly within: string;
}

function groupingOf(table: WindowTable<AnyEvent>, { key, start }: Stored): Grouping {
  const isOwn = table.window.zone !== undefined;
  const zone = isOwn ? 'zone' : '"$zone"';
  const bucket = (at: string): string =>
    `scalestream.bucket_start("$unit", "$step", ${at}, ${isOwn ? 'w.zone' : zone})`;
  const kept = (column: string): string =>
    isOwn && column === 'zone' ? 'true' : `(keep is null or ${quoteText(column)} = any(keep))`;
  const keys = key.map(({ name, type }) => {
    const column = quoteName(name);
    return `case when ${kept(name)} then w.${column} else ${NOTHING[type]} end as ${column}`;
  });
  return {
    zone,
    kept,
    columns: [`${bucket(`w.${start}`)} as "$bucket"`, ...keys],
    by: ['"$bucket"', ...key.map((column) => quoteName(column.name))],
    within: isOwn
      ? `w.${start} >= since - interval '1 year 2 days' and w.${start} >= ${bucket('since')} and ${bucket(`w.${start}`)} < until`
      : `w.${start} >= "$first" and w.${start} < "$last"`,
  };
}

function windowTotals(table: WindowTable<AnyEvent>, { parts }: Stored, { columns, by, within }: Grouping): string {
  const { revised, closed } = labelsOf(table);
  const totals = parts.map((part) => `${totalPart(part, quoteName(part.column))} as ${quoteName(part.column)}`);
  const labels = [
    `bool_or("$revised") as "$revised"`,
    `bool_and("$closed") as "$closed"`,
    'max(updated_at) as updated_at',
  ];
  const rows = [
    ...columns,
    ...parts.map(({ column }) => `w.${quoteName(column)}`),
    `${revised} as "$revised"`,
    `${closed} as "$closed"`,
    'w.updated_at',
  ];
  return `"$windows" as (
    select ${[...by, ...totals, ...labels].join(', ')} from (select ${rows.join(', ')} from ${quoteName(table.name)} w where ${within}) w group by ${by.join(', ')}
  )`;
}

/** The labels of a row: whether it changed since it was final, and whether it is final. */
function labelsOf({ window }: WindowTable<AnyEvent>): { readonly revised: string; readonly closed: string } {
  return window.kind === 'hopping'
    ? { revised: 'w.revised_until is not null', closed: 'w.final_until is not null' }
    : { revised: 'w.final_revision is distinct from w.revision', closed: 'w.final_revision is not null' };
}

/** Items are merged item by item before they are read. */
function itemReadings(table: WindowTable<AnyEvent>, stored: Stored, i: number, grouping: Grouping): string {
  if (isOfEach(table, stored)) return summedReadings(table, stored, i, grouping);
  const { columns, by, within } = grouping;
  const names = stored.key.slice(stored.keyed).map((column) => quoteName(column.name));
  const totals = stored.parts.map((part) => `${totalPart(part, quoteName(part.column))} as ${quoteName(part.column)}`);
  const rows = [
    ...columns,
    ...[...names, ...stored.parts.map(({ column }) => quoteName(column))].map((each) => `w.${each}`),
  ];
  const readings = readingsOf(table)
    .filter(({ measure }) => measure === stored.measure)
    .map((reading) => `${itemReading(reading)} as ${quoteName(reading.column)}`);
  return `"$items_${i + 1}" as (
    select ${[...by, ...readings].join(', ')}
    from (select ${[...by, ...names, ...totals].join(', ')} from (select ${rows.join(', ')} from ${quoteName(stored.name)} w where ${within}) w group by ${[...by, ...names].join(', ')}) w
    group by ${by.join(', ')}
  )`;
}

/** Whether a measure speaks of each window by itself, so that those of a bucket must not be taken for one: see `Measure.needs`. */
const isOfEach = ({ measures }: WindowTable<AnyEvent>, { measure }: Stored): boolean =>
  measure !== undefined && measures[measure]?.needs !== undefined;

/** Items are read window by window, and what was read is added up. */
function summedReadings(
  table: WindowTable<AnyEvent>,
  stored: Stored,
  i: number,
  { columns, by, within }: Grouping,
): string {
  const own = [stored.start, ...stored.key.slice(0, stored.keyed).map((column) => quoteName(column.name))];
  const window = own.map((column, n) => `w.${column} as "$own_${n}"`);
  const rest = [...stored.key.slice(stored.keyed).map(({ name }) => name), ...stored.parts.map(({ column }) => column)];
  const rows = [...columns, ...window, ...rest.map((name) => `w.${quoteName(name)}`)];
  const readings = readingsOf(table).filter(({ measure }) => measure === stored.measure);
  const read = readings.map((reading) => `${itemReading(reading)} as ${quoteName(reading.column)}`);
  const summed = readings.map(({ column }) => `sum(${quoteName(column)})::bigint as ${quoteName(column)}`);
  return `"$items_${i + 1}" as (
    select ${[...by, ...summed].join(', ')}
    from (select ${[...by, ...read].join(', ')} from (select ${rows.join(', ')} from ${quoteName(stored.name)} w where ${within}) w
      group by ${[...by, ...own.map((_, n) => `"$own_${n}"`)].join(', ')}) w
    group by ${by.join(', ')}
  )`;
}

/** The columns of the measures, of the totals; where there is nothing, what they are of nothing. */
function measuresOf(table: WindowTable<AnyEvent>, windows: Stored, items: readonly Stored[]): string[] {
  const totals = new Map(windows.parts.map((part) => [part.column, isTotal(part)]));
  const readings = new Map(readingsOf(table).map((reading) => [reading.column, reading]));
  return measureColumns(table).map(({ column, type }) => {
    const reading = readings.get(column);
    const name = quoteName(column);
    if (!reading) return totals.get(column) ? `coalesce(${name}, 0)` : name;
    if (!reading.ofItems) return `(${partReading(reading)})::${type}`;
    const relation = items.find(({ measure }) => measure === reading.measure) as Stored;
    return `coalesce(${name}, (select ${itemReading(reading)} from ${quoteName(relation.name)} where false))`;
  });
}
