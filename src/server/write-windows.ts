import type { AnyEvent } from '../event-table.ts';
import type { Pipeline } from '../pipeline.ts';
import type { WindowTable } from '../window-table.ts';
import { type Draft, jsonDraft } from './answer-cache.ts';
import type { Moment } from './statement-parts.ts';
import type { Understood } from './understand.ts';
import { columnsOf, jsonOf } from './window-columns.ts';
import { keysOf, type WindowValues } from './window-query.ts';

interface Page {
  readonly pipeline: Pipeline;
  readonly table: WindowTable<AnyEvent>;
  readonly understood: Understood;
  readonly moment: Moment;
  readonly rows: readonly WindowValues[];
  /** The cursor of the next page. */
  readonly next: string | null;
}

/** Writes a page of windows in the format that was asked for. */
export function windowsDraft(page: Page): Draft {
  const { understood, next } = page;
  const { asked, format } = understood;
  if (format !== 'rows') return linesDraft(page);
  const data = page.rows.map(rowWriter(page.table, understood).row).join(',');
  return jsonDraft(
    `"data":[${data}],"page":${JSON.stringify({ limit: asked.limit, next })}`,
    metaOf(page),
    page.moment.as_of,
  );
}

function metaOf({ pipeline, table, understood: { asked }, moment }: Page): Record<string, unknown> {
  const keys = new Set(keysOf(table, asked).map(({ name }) => name));
  const measures = new Set(asked.measures.map(({ name }) => name));
  const { rollup } = asked;
  return {
    pipeline: pipeline.name,
    table: table.name,
    window: { kind: table.window.kind, shape: table.window.shape },
    ...(rollup ? { bucket: rollup.bucket, zone: rollup.zone ?? 'of each event' } : {}),
    columns: columnsOf(table).filter(({ name, role }) => (role === 'key' ? keys : measures).has(name)),
    watermark: moment.watermark,
    final: moment.final,
  };
}

/** What JSON says in `meta`, other formats say in headers. */
function linesDraft(page: Page): Draft {
  const { understood, moment, rows, next } = page;
  const isCsv = understood.format === 'csv';
  const lines = isCsv ? csvLines(page) : rows.map(rowWriter(page.table, understood).row);
  return {
    contentType: isCsv ? 'text/csv; charset=utf-8; header=present' : 'application/x-ndjson',
    headers: {
      ...(moment.watermark === null ? {} : { 'scalestream-watermark': moment.watermark }),
      ...(moment.final === null ? {} : { 'scalestream-final': moment.final }),
      ...(next === null ? {} : { 'scalestream-next': next }),
      'content-disposition': `inline; filename="${page.table.name}.${understood.format}"`,
    },
    content: lines.map((line) => `${line}\n`).join(''),
    dated: (content) => content,
    asOf: moment.as_of,
  };
}

/** Makes JSON of a row, or of its key: once for many, what is the same in all of them. */
export function rowWriter(
  table: WindowTable<AnyEvent>,
  { asked, numbers }: Understood,
): { readonly row: (row: WindowValues) => string; readonly key: (row: WindowValues) => string } {
  const keys = keysOf(table, asked).map(({ name, type }, i) => ({
    label: `${JSON.stringify(name)}:`,
    at: `k${i}`,
    type,
  }));
  const measures = asked.measures.map(({ name, type }, i) => ({
    label: `${JSON.stringify(name)}:`,
    at: `m${i}`,
    type,
  }));
  const members = (
    columns: readonly { label: string; at: string; type: (typeof measures)[number]['type'] }[],
    row: WindowValues,
  ) => columns.map(({ label, at, type }) => label + jsonOf({ type }, row[at] ?? null, numbers)).join(',');
  const key = (row: WindowValues) => `{${members(keys, row)}}`;
  const row = (row: WindowValues) =>
    `{"start":"${row['start']}","end":"${row['end']}","key":${key(row)},"measures":{${members(measures, row)}},"state":"${row['state']}","revision":${row['revision'] ?? 'null'},"updatedAt":${textOf(row['updated'])},"traceId":${textOf(row['trace'])}}`;
  return { key, row };
}

const textOf = (text: string | null | undefined): string => (text ? `"${text}"` : 'null');

function csvLines({ table, understood: { asked }, rows }: Page): string[] {
  const keys = keysOf(table, asked);
  const head = [
    'start',
    'end',
    ...keys.map(({ name }) => name),
    ...asked.measures.map(({ name }) => name),
    'state',
    'revision',
    'updated_at',
    'trace_id',
  ];
  const at = [
    'start',
    'end',
    ...keys.map((_, i) => `k${i}`),
    ...asked.measures.map((_, i) => `m${i}`),
    'state',
    'revision',
    'updated',
    'trace',
  ];
  return [head.join(','), ...rows.map((row) => at.map((column) => csvText(row[column] ?? null)).join(','))];
}

/** RFC 4180; nothing is an empty field, and an empty text a quoted one. */
const csvText = (text: string | null): string =>
  text === null ? '' : text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
