import { MICROS_PER_MS } from '../../event-time.ts';
import type { AnyEvent } from '../../event-table.ts';
import type { Pipeline } from '../../pipeline.ts';
import { quoteName, quoteText } from '../../sinks/postgres/quote.ts';
import { measureColumns } from '../../sinks/postgres/readings.ts';
import { rollupOf } from '../../sinks/postgres/rollup.ts';
import type { WindowTable } from '../../window-table.ts';
import type { Dashboard, Panel, Row } from './panel.ts';

const NUMBERS = new Set(['bigint', 'numeric']);

/** The windows of one pipeline as Postgres has them: what they say, how far they are final, what was refused. */
export const windowData = (pipeline: Pipeline): Dashboard => ({
  uid: `scalestream-windows-${pipeline.name}`,
  title: `ScaleStream: windows of ${pipeline.name}`,
  description: `What the windows of ${pipeline.name} say, from Postgres.`,
  variables: [],
  rows: [state(pipeline), ...[...pipeline.windows, ...pipeline.over].map(tableRow)],
});

function state({ name, windows, over }: Pipeline): Row {
  const of = quoteText(name);
  const states = [...windows, ...over].map(
    ({ name: table }) =>
      `select ${quoteText(table)} as "table", state, count(*) as windows, max(window_end) as newest from ${quoteName(`${table}_windows`)} where $__timeFilter(window_start) group by state`,
  );
  const panels: readonly Panel[] = [
    {
      title: 'How far is it?',
      description: 'The watermark, and what it waits for.',
      kind: 'table',
      unit: 'short',
      queries: `select watermark, round(extract(epoch from lag)::numeric, 1) as lag_seconds, held from scalestream.status where pipeline = ${of}`,
    },
    {
      title: 'Which windows are final?',
      description: 'Windows by table and state.',
      kind: 'table',
      unit: 'short',
      queries: states.join('\nunion all\n'),
    },
    {
      title: 'What was refused?',
      description: 'Rejects by reason, with the last detail.',
      kind: 'table',
      unit: 'short',
      queries: `select reason, count(*) as rejects, max(rejected_at) as last, (array_agg(detail order by rejected_at desc))[1] as detail from scalestream.rejects where pipeline = ${of} and $__timeFilter(rejected_at) group by reason order by rejects desc limit 50`,
    },
  ];
  return { title: 'How far is it?', panels };
}

/** All keys together. Roll-ups are exact for every measure: means are of all, distincts are of the bucket. */
function tableRow(table: WindowTable<AnyEvent>): Row {
  const numbers = measureColumns(table).filter(({ type }) => NUMBERS.has(type));
  return {
    title: table.name,
    panels: numbers.map(({ column }) => ({
      title: column,
      description: `${table.name}.${column}, of all keys together`,
      kind: 'timeseries',
      unit: table.measures[column]?.unit ?? 'short',
      queries: `select window_start as "time", ${quoteName(column)}::float8 as ${quoteName(column)} from ${quoteName(rollupOf(table))}(${quoteText(bucketOf(table))}, $__timeFrom(), $__timeTo(), keep => '{}') order by 1`,
    })),
  };
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Buckets, and how long windows are that none of them cuts; days are an hour longer once a year. */
const BUCKETS = [
  ['minute', 60_000],
  ['hour', HOUR_MS],
  ['day', DAY_MS + HOUR_MS],
  ['week', 7 * DAY_MS + HOUR_MS],
  ['month', 31 * DAY_MS + HOUR_MS],
] as const;

function bucketOf({ window }: WindowTable<AnyEvent>): string {
  const ms = window.longest / MICROS_PER_MS;
  return BUCKETS.find(([, most]) => ms <= most)?.[0] ?? 'year';
}
