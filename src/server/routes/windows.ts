import { Hono } from 'hono';
import type { AnyEvent } from '../../event-table.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { WindowTable } from '../../window-table.ts';
import { microsOf, readCursor, writeCursor } from '../cursor.ts';
import { unknownToDatabase } from '../read-database.ts';
import { refuseTooMuch } from '../scan-query.ts';
import { answered, pipelineNamed, queryOf, type ServerEnv, type Serving, tableNamed, takes } from '../serving.ts';
import { canonicalText, type Moment } from '../statement-parts.ts';
import { type Understood, understand } from '../understand.ts';
import type { WindowColumn } from '../window-columns.ts';
import { keysOf, windowsStatement, type WindowValues } from '../window-query.ts';
import { windowsDraft } from '../write-windows.ts';

/** A window as it is answered. */
export interface WindowRow {
  readonly start: string;
  /** The first moment that is not in it. */
  readonly end: string;
  readonly key: Readonly<Record<string, string | number | boolean>>;
  readonly measures: Readonly<Record<string, unknown>>;
  readonly state: 'open' | 'final' | 'revised';
  /** Counts merges; a bucket has none. */
  readonly revision: number | null;
  readonly updatedAt: string | null;
  /** The trace of the flush that changed it last, 32 hexadecimal digits; `null`: that was not sampled. A bucket has none. */
  readonly traceId: string | null;
}

export interface WindowsAnswer {
  readonly data: readonly WindowRow[];
  readonly page: { readonly limit: number; readonly next: string | null };
  readonly meta: {
    readonly pipeline: string;
    readonly table: string;
    readonly window: { readonly kind: string; readonly shape: readonly (string | number)[] };
    readonly bucket?: string;
    readonly zone?: string;
    readonly columns: readonly WindowColumn[];
    readonly watermark: string | null;
    /** All windows that ended until then are final. */
    readonly final: string | null;
    readonly asOf: string;
  };
}

/** The query of a window table; all of it is optional. */
export interface WindowsQuery {
  from?: string;
  to?: string;
  state?: string;
  measures?: string;
  bucket?: string;
  zone?: string;
  by?: string;
  fill?: 'zero';
  top?: string;
  order?: 'asc' | 'desc';
  limit?: string;
  cursor?: string;
  format?: 'rows' | 'csv' | 'ndjson';
  numbers?: 'json' | 'text';
  [key: `key.${string}`]: string | string[];
}

/** The windows of a table. */
export const windowsRoute = (serving: Serving) =>
  new Hono<ServerEnv>().get('/v1/pipelines/:pipeline/windows/:table', takes<WindowsQuery>(), (c) => {
    const pipeline = pipelineNamed(serving, c.req.param('pipeline'));
    const table = tableNamed(pipeline, c.req.param('table'));
    const understood = understand(table, queryOf(c), c.get('caller'));
    const after = afterOf(table, understood);
    const asked = ['windows', pipeline.name, table.name, understood, after];
    return answered<WindowsAnswer>(c, serving, asked, async () => {
      await refuseTooMuch(serving.database, table, understood.asked, serving.limits);
      return page(serving, pipeline, table, understood, after);
    });
  });

async function page(
  { database }: Serving,
  pipeline: Pipeline,
  table: WindowTable<AnyEvent>,
  understood: Understood,
  after: readonly string[] | undefined,
) {
  const { asked } = understood;
  const { text, parameters } = windowsStatement(pipeline, table, asked, after);
  const found = await database.read<Moment & WindowValues>(text, parameters);
  const [moment] = found;
  if (!moment) throw unknownToDatabase(`no pipeline '${pipeline.name}'`);
  const all = found.filter((row) => row['us'] !== null);
  const rows = all.slice(0, asked.limit);
  const last = rows.at(-1);
  const hasNext = all.length > rows.length && asked.top === undefined && last !== undefined;
  const position = hasNext
    ? ['us', ...keysOf(table, asked).map((_, i) => `k${i}`)].map((at) => last[at] as string)
    : [];
  const next = hasNext ? writeCursor(pagedBy(table, understood), position) : null;
  return windowsDraft({ pipeline, table, understood, moment, rows, next });
}

/** What must be the same from page to page. */
const pagedBy = ({ name }: WindowTable<AnyEvent>, { asked }: Understood): unknown => [
  name,
  { ...asked, limit: 0, measures: [] },
];

function afterOf(table: WindowTable<AnyEvent>, understood: Understood): readonly string[] | undefined {
  if (understood.cursor === undefined) return undefined;
  const keys = keysOf(table, understood.asked).map(
    ({ type }) =>
      (text: string) =>
        canonicalText(type, text),
  );
  return readCursor(understood.cursor, pagedBy(table, understood), [microsOf, ...keys]);
}
