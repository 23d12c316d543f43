import { type Books, type ExpectedTable, SEPARATOR, valuesOf } from './books.ts';
import { digestSql } from './digest.ts';
import type { Observer } from './observer.ts';

const LISTED = 20;
const PAGE = 20_000;

/** What a comparison found. */
export interface Comparison {
  /** Rows of window tables that were compared. */
  rows: number;
  /** Empty: the tables equal the input. */
  readonly mismatches: string[];
  differing: number;
}

/** Compares the tables of a pipeline with the books: raw events by number and digest, rejects by reason, each window row by itself. */
export async function compare(eyes: Observer, books: Books, found: Comparison): Promise<void> {
  const differs = (what: string): void => {
    if (found.differing++ < LISTED) found.mismatches.push(what);
  };
  const { pipeline, eventTable } = books;
  const micros = '(extract(epoch from event_time) * 1000000)::bigint';
  const [raw] = await eyes.ask<{ all: string; n: string; digest: string }>(
    `select count(*)::text as all, count(*) filter (where counted)::text as n,
     ${digestSql(`event_id::text || '|' || ${micros}`)} as digest from ${eventTable}`,
  );
  const expected = { all: String(books.events), n: String(books.events), digest: books.digest.value() };
  for (const what of ['all', 'n', 'digest'] as const) {
    if (raw?.[what] !== expected[what])
      differs(`${eventTable}: ${what} expected ${expected[what]}, found ${raw?.[what]}`);
  }
  const kept = await eyes.ask<{ reason: string; n: string; digest: string }>(
    `select reason, count(*)::text as n, ${digestSql(`convert_from(body, 'UTF8')`)} as digest
     from scalestream.rejects where pipeline = $1 group by 1`,
    [pipeline],
  );
  const reasons = new Set([...kept.map(({ reason }) => reason), ...books.rejects.keys()]);
  for (const reason of reasons) {
    const there = kept.find((row) => row.reason === reason);
    const due = books.rejects.get(reason);
    if (there?.n === String(due?.count) && there.digest === due?.digest.value()) continue;
    differs(`${pipeline}: rejects '${reason}' expected ${due?.count ?? 0}, found ${there?.n ?? 0}, or other bodies`);
  }
  for (const table of books.windows) await compareWindows(eyes, table, found, differs);
}

async function compareWindows(
  eyes: Observer,
  table: ExpectedTable,
  found: Comparison,
  differs: (what: string) => void,
): Promise<void> {
  const { name, keys, sums, rows } = table;
  const start = '(extract(epoch from window_start) * 1000)::bigint::text';
  const values = sums.map(({ column }) => `coalesce(trim_scale(${column}::numeric)::text, '-')`);
  const order = ['window_start', ...keys].join(', ');
  const joined = (columns: readonly string[]): string => columns.join(` || '${SEPARATOR}' || `);
  const seen = new Set<string>();
  for (let offset = 0; ; offset += PAGE) {
    const page = await eyes.ask<{ name: string; values: string }>(
      `select ${joined([start, ...(keys.length > 0 ? keys : [`''`])])} as name, ${joined(values)} as values
       from ${name} order by ${order} limit ${PAGE} offset ${offset}`,
    );
    for (const row of page) {
      const totals = rows.get(row.name);
      seen.add(row.name);
      const due = totals ? valuesOf(totals) : 'no row';
      if (due !== row.values) differs(`${name} ${row.name}: expected ${due}; found ${row.values}`);
    }
    found.rows += page.length;
    if (page.length < PAGE) break;
  }
  if (seen.size === rows.size) return;
  for (const [row, totals] of rows) {
    if (!seen.has(row)) differs(`${name} ${row}: expected ${valuesOf(totals)}; found no row`);
  }
}
