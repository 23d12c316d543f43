import type { AnyEvent } from '../event-table.ts';
import type { Micros } from '../event-time.ts';
import { MAX_EVENT_TIME } from '../event-time.ts';
import type { Pipeline } from '../pipeline.ts';
import { endOf } from '../sinks/postgres/ddl.ts';
import { rfc3339 } from '../sinks/postgres/final-json.ts';
import { quoteName } from '../sinks/postgres/quote.ts';
import { itemJoins } from '../sinks/postgres/readings.ts';
import { rollupOf } from '../sinks/postgres/rollup.ts';
import { traceIdOf } from '../sinks/postgres/trace-id.ts';
import type { WindowTable } from '../window-table.ts';
import { type Given, given, type KeyFilter, momentQuery, rfcMillis, type Statement } from './statement-parts.ts';
import type { WindowColumn } from './window-columns.ts';

export type State = 'open' | 'final' | 'revised';
export type Order = 'asc' | 'desc';

/** A question for windows, as it was understood. */
export interface WindowsAsked {
  readonly from: Micros | undefined;
  readonly to: Micros | undefined;
  /** All of them must hold. */
  readonly keys: readonly KeyFilter[];
  readonly states: readonly State[];
  /** The measures' columns. */
  readonly measures: readonly WindowColumn[];
  readonly rollup: RollupAsked | undefined;
  /** Orders by a measure instead of by window and key. */
  readonly top: WindowColumn | undefined;
  readonly order: Order;
  readonly limit: number;
}

export interface RollupAsked {
  readonly bucket: string;
  /** `undefined`: windows of each event's zone are in buckets of it. */
  readonly zone: string | undefined;
  /** Key columns that stay apart. */
  readonly by: readonly string[];
  readonly fill: boolean;
}

/** The key columns of the rows. */
export const keysOf = (table: WindowTable<AnyEvent>, { rollup }: WindowsAsked) =>
  Object.entries(table.key)
    .filter(([name]) => rollup === undefined || rollup.by.includes(name))
    .map(([name, { type }]) => ({ name, type }));

/** The values of a row of {@link windowsStatement}: those of its keys are `k0` …, of its measures `m0` …; `us` is the start in microseconds. */
export type WindowValues = Readonly<Record<string, string | null>>;

/** What a question is narrowed to beside what was asked: see the changes of a stream. */
export interface Narrowed {
  /** Parts of the statement, before its own. */
  readonly parts: readonly string[];
  /** Over `"$w"`. */
  readonly conditions: readonly string[];
  /** Columns beside those of the moment. */
  readonly told: readonly string[];
}

/**
 * The statement of a page: rows after the last one of the page before, and one more than there is room for. Where windows are stored as they are read, a page is
 * cut out of the table before anything is computed of it.
 */
export function windowsStatement(
  pipeline: Pipeline,
  table: WindowTable<AnyEvent>,
  asked: WindowsAsked,
  after: readonly string[] | undefined,
  narrow: (parameters: Given) => Narrowed = () => ({ parts: [], conditions: [], told: [] }),
): Statement {
  const parameters = given();
  const narrowed = narrow(parameters);
  const isStored = asked.rollup === undefined && table.window.kind !== 'hopping';
  const only = { ...table, measures: pick(table.measures, asked.measures) };
  const joins = isStored ? itemJoins(only, '"$w"') : [];
  const conditions = [...conditionsOf(table, asked, parameters, isStored, after), ...narrowed.conditions];
  const where = conditions.length > 0 ? `where ${conditions.join(' and ')}` : '';
  const keys = keysOf(table, asked);
  const ordered = [`"$w".window_start`, ...keys.map(comparedAs)].map((each) => `${each} ${asked.order}`);
  const order = asked.top ? [`${quoteName(asked.top.name)} ${asked.order} nulls last`, ...ordered] : ordered;
  const page = `order by ${order.join(', ')} limit ${asked.limit + 1}`;
  // what is ordered by is stored, or computed of all there is
  const early = isStored && (asked.top === undefined || joins.length === 0);
  const from = early
    ? `(select * from ${quoteName(table.name)} as "$w" ${where} ${page}) as "$w"`
    : `${sourceOf(table, asked, parameters)} as "$w"`;
  const columns = [
    `(extract(epoch from "$w".window_start) * 1000000)::bigint::text as us`,
    `${rfc3339('"$w".window_start', table)} as start`,
    `${rfc3339(isStored ? endOf(table) : '"$w".window_end', table)} as "end"`,
    ...keys.map(({ name }, i) => `"$w".${quoteName(name)}::text as k${i}`),
    ...asked.measures.map(({ name, type }, i) =>
      type === 'numeric' ? `trim_scale(${quoteName(name)})::text as m${i}` : `${quoteName(name)}::text as m${i}`,
    ),
    `${isStored ? STATE : '"$w".state'} as state`,
    asked.rollup ? 'null::text as revision' : '"$w".revision::text as revision',
    `${rfcMillis('"$w".updated_at')} as updated`,
    `${asked.rollup ? 'null::text' : isStored ? traceIdOf('"$w"') : '"$w".trace_id'} as trace`,
    `row_number() over (order by ${order.join(', ')}) as n`,
  ];
  const rows = `select ${columns.join(', ')} from ${[from, ...joins].join(' ')} ${early ? '' : where} order by n limit ${asked.limit + 1}`;
  return {
    text: `with ${[...narrowed.parts, `"$moment" as (${momentQuery(pipeline, table)})`, `"$rows" as (${rows})`].join(', ')}
  select ${['"$moment".*', ...narrowed.told, '"$rows".*'].join(', ')} from "$moment" left join "$rows" on true order by "$rows".n`,
    parameters: parameters.parameters,
  };
}

const STATE = `case when final_revision is null then 'open' when final_revision = "$w".revision then 'final' else 'revised' end`;

const STATES: Readonly<Record<State, string>> = {
  open: '"$w".final_revision is null',
  final: '"$w".final_revision = "$w".revision',
  revised: '"$w".final_revision <> "$w".revision',
};

const pick = <M>(measures: Readonly<Record<string, M>>, columns: readonly WindowColumn[]): Record<string, M> => {
  const names = new Set(columns.map(({ measure }) => measure));
  return Object.fromEntries(Object.entries(measures).filter(([name]) => names.has(name)));
};

/** A key column as the primary key orders it. */
const comparedAs = ({ name, type }: { readonly name: string; readonly type: string }): string =>
  `"$w".${quoteName(name)}${type === 'text' ? ' collate "C"' : ''}`;

function conditionsOf(
  table: WindowTable<AnyEvent>,
  asked: WindowsAsked,
  parameters: Given,
  isStored: boolean,
  after: readonly string[] | undefined,
): string[] {
  const conditions = keyConditions(asked.keys, parameters);
  if (isStored) {
    if (asked.from !== undefined) conditions.push(`"$w".window_start >= ${parameters.instant(asked.from)}`);
    if (asked.to !== undefined) conditions.push(`"$w".window_start < ${parameters.instant(asked.to)}`);
  }
  if (asked.states.length > 0) {
    const states = asked.states.map((state) => (isStored ? STATES[state] : `"$w".state = '${state}'`));
    conditions.push(`(${states.join(' or ')})`);
  }
  const [start, ...last] = after ?? [];
  if (start !== undefined) {
    const keys = keysOf(table, asked);
    const columns = ['"$w".window_start', ...keys.map(comparedAs)];
    const values = [parameters.instant(start), ...keys.map(({ type }, i) => parameters.value(type, last[i] as string))];
    conditions.push(`(${columns.join(', ')}) ${asked.order === 'asc' ? '>' : '<'} (${values.join(', ')})`);
  }
  return conditions;
}

export const keyConditions = (keys: readonly KeyFilter[], parameters: Given): string[] =>
  keys.map(({ column, type, values }) => `"$w".${quoteName(column)} = any (${parameters.list(type, values)})`);

function sourceOf(table: WindowTable<AnyEvent>, asked: WindowsAsked, parameters: Given): string {
  const { rollup } = asked;
  if (!rollup && table.window.kind !== 'hopping') return quoteName(table.name);
  const since = parameters.instant(asked.from ?? 0);
  const until = parameters.instant(asked.to ?? MAX_EVENT_TIME);
  if (rollup) {
    const named = [
      ...(rollup.zone === undefined ? [] : [`zone => ${parameters.text(rollup.zone)}`]),
      `keep => ${parameters.list('text', rollup.by)}`,
      `fill => ${rollup.fill}`,
    ];
    return `${quoteName(rollupOf(table))} (${parameters.text(rollup.bucket)}, ${since}, ${until}, ${named.join(', ')})`;
  }
  return `${quoteName(`${table.name}_between`)} (${since}, ${until})`;
}
