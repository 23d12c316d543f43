import { Hono } from 'hono';
import { storable } from '../../column.ts';
import type { AnyEvent } from '../../event-table.ts';
import type { Pipeline } from '../../pipeline.ts';
import { quoteName } from '../../sinks/postgres/quote.ts';
import { storedOf } from '../../stored.ts';
import type { WindowTable } from '../../window-table.ts';
import { jsonDraft } from '../answer-cache.ts';
import { readCursor, writeCursor } from '../cursor.ts';
import { countParameter, instantParameter, type Parameter, readQuery, wordParameter } from '../parameters.ts';
import { badParameter, named } from '../problem.ts';
import { unknownToDatabase } from '../read-database.ts';
import { answered, pipelineNamed, queryOf, type ServerEnv, type Serving, tableNamed, takes } from '../serving.ts';
import { canonicalText, given, type KeyFilter, type Moment, momentQuery } from '../statement-parts.ts';
import { boundKeys, cursorParameter } from '../understand.ts';
import { jsonOf } from '../window-columns.ts';
import { keyConditions } from '../window-query.ts';

export interface KeysAnswer {
  /** In order; of type text, byte by byte. */
  readonly data: readonly (string | number | boolean)[];
  readonly page: { readonly limit: number; readonly next: string | null };
  readonly meta: {
    readonly pipeline: string;
    readonly table: string;
    readonly column: string;
    readonly type: string;
    /** `false`: only the latest windows were looked at, since there are more than may be read. */
    readonly complete: boolean;
    readonly watermark: string | null;
    readonly final: string | null;
    readonly asOf: string;
  };
}

export interface KeysQuery {
  column?: string;
  prefix?: string;
  from?: string;
  to?: string;
  limit?: string;
  cursor?: string;
}

const prefixParameter: Parameter<string> = {
  description: 'how the values begin',
  schema: { type: 'string', maxLength: 200 },
  read([text = ''], name) {
    if (text.length <= 200 && storable(text)) return text;
    throw badParameter(name, 'at most 200 characters that a database can store', named(text), 'shorten it');
  },
};

/** The parameters of the keys of a table. */
export const keysParameters = ({ key }: WindowTable<AnyEvent>) => ({
  column: wordParameter('which key column; default: the first', Object.keys(key)),
  prefix: prefixParameter,
  from: instantParameter('of windows that begin then or later'),
  to: instantParameter('of windows that begin before'),
  limit: countParameter('most values', 10_000, 100),
  cursor: cursorParameter,
});

/** The values that a key column has: for people who choose some. */
export const keysRoute = (serving: Serving) =>
  new Hono<ServerEnv>().get('/v1/pipelines/:pipeline/keys/:table', takes<KeysQuery>(), (c) => {
    const pipeline = pipelineNamed(serving, c.req.param('pipeline'));
    const table = tableNamed(pipeline, c.req.param('table'));
    const { limit = 100, cursor, prefix = '', ...query } = readQuery(queryOf(c), keysParameters(table));
    const column = query.column ?? Object.keys(table.key)[0];
    if (column === undefined)
      throw badParameter('column', `a key column, of which '${table.name}' has none`, 'none', 'ask for its windows');
    const { type } = table.key[column] as { type: KeyFilter['type'] };
    const asked = { ...query, column, type, prefix, bound: boundKeys(table, c.get('caller')) };
    const paged = [table.name, asked];
    const after =
      cursor === undefined ? undefined : readCursor(cursor, paged, [(text) => canonicalText(type, text)])[0];
    return answered<KeysAnswer>(c, serving, ['keys', pipeline.name, ...paged, limit, after], async () => {
      const { text, parameters } = keysStatement(
        pipeline,
        table,
        { ...asked, after, limit },
        serving.limits.maxWindows,
      );
      const found = await serving.database.read<Moment & KeyRow>(text, parameters);
      const [moment] = found;
      if (!moment) throw unknownToDatabase(`no pipeline '${pipeline.name}'`);
      const values = found.flatMap(({ value }) => value ?? []);
      const shown = values.slice(0, limit);
      const next = values.length > limit ? writeCursor(paged, [shown.at(-1) as string]) : null;
      const { watermark, final } = moment;
      const complete = Number(moment.looked) <= serving.limits.maxWindows;
      return jsonDraft(
        `"data":[${shown.map((value) => jsonOf({ type }, value, 'json')).join(',')}],"page":${JSON.stringify({ limit, next })}`,
        { pipeline: pipeline.name, table: table.name, column, type, complete, watermark, final },
        moment.as_of,
      );
    });
  });

interface KeyRow {
  readonly value: string | null;
  readonly looked: string;
}

interface KeysAsked {
  readonly column: string;
  readonly type: KeyFilter['type'];
  readonly prefix: string;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly bound: readonly KeyFilter[];
  readonly after: string | undefined;
  readonly limit: number;
}

/** Looks at the latest windows, up to a limit, in the order of the primary key. */
function keysStatement(pipeline: Pipeline, table: WindowTable<AnyEvent>, asked: KeysAsked, most: number) {
  const [{ start, name }] = storedOf(table) as [ReturnType<typeof storedOf>[0] & object];
  const parameters = given();
  const column = `"$w".${quoteName(asked.column)}`;
  const within = [
    ...(asked.from === undefined ? [] : [`"$w".${start} >= ${parameters.instant(asked.from)}`]),
    ...(asked.to === undefined ? [] : [`"$w".${start} < ${parameters.instant(asked.to)}`]),
  ];
  const bound = [
    ...keyConditions(asked.bound, parameters),
    ...(asked.prefix === '' ? [] : [`starts_with(${column}::text, ${parameters.text(asked.prefix)})`]),
    ...(asked.after === undefined ? [] : [`${column} > ${parameters.value(asked.type, asked.after)}`]),
  ];
  const isOrdered = table.window.kind !== 'session';
  return {
    text: `with "$moment" as (${momentQuery(pipeline, table)}), "$some" as materialized (
    select * from ${quoteName(name)} as "$w" ${within.length > 0 ? `where ${within.join(' and ')}` : ''}
    ${isOrdered ? `order by "$w".${start} desc` : ''} limit ${most + 1}
  ), "$values" as (
    select distinct ${column} as value from "$some" as "$w" ${bound.length > 0 ? `where ${bound.join(' and ')}` : ''} order by 1 limit ${asked.limit + 1}
  )
  select "$moment".*, (select count(*) from "$some")::text as looked, "$values".value::text as value from "$moment" left join "$values" on true order by "$values".value`,
    parameters: parameters.parameters,
  };
}
