import type { AnyEvent } from '../event-table.ts';
import { didYouMean } from '../declared.ts';
import type { WindowTable } from '../window-table.ts';
import {
  countParameter,
  instantParameter,
  type Parameter,
  readQuery,
  textParameter,
  wordParameter,
  wordsParameter,
} from './parameters.ts';
import { badParameter, named, Problem } from './problem.ts';
import { canonicalText, canonicalValues, type KeyFilter } from './statement-parts.ts';
import type { Caller } from './tokens.ts';
import { columnsOf, type WindowColumn } from './window-columns.ts';
import type { RollupAsked, WindowsAsked } from './window-query.ts';

/** How rows are written. */
export const FORMATS = ['rows', 'csv', 'ndjson'] as const;

/** The cursor of a page before. */
export const cursorParameter: Parameter<string> = {
  description: 'page.next of the answer before',
  schema: { type: 'string' },
  read: ([text = '']) => text,
};

const known = new WeakMap<WindowTable<AnyEvent>, ReturnType<typeof parametersOf>>();

/** The parameters of a window table, beside `key.<column>`. */
export function windowParameters(table: WindowTable<AnyEvent>): ReturnType<typeof parametersOf> {
  let parameters = known.get(table);
  if (!parameters) known.set(table, (parameters = parametersOf(table)));
  return parameters;
}

function parametersOf(table: WindowTable<AnyEvent>) {
  const columns = columnsOf(table);
  const measures = columns.filter(({ role }) => role === 'measure');
  const numbers = measures.filter(({ type }) => type === 'bigint' || type === 'numeric').map(({ name }) => name);
  const keys = columns.filter(({ role }) => role === 'key').map(({ name }) => name);
  const names = [...new Set([...Object.keys(table.measures), ...measures.map(({ name }) => name)])];
  return {
    from: instantParameter('windows that begin then or later'),
    to: instantParameter('windows that begin before'),
    state: wordsParameter('how far windows are', ['open', 'final', 'revised']),
    measures: wordsParameter('measures, or columns of them; default: all', names),
    bucket: textParameter('coarser windows: minute, hour, day, week, month, quarter, year, or a shorter interval', {
      pattern: /^[a-z0-9 ]{1,30}$/i,
      expected: 'minute, hour, day, week, month, quarter, year, or an interval such as 15 minutes',
      example: 'hour',
    }),
    zone: textParameter('whose clocks and calendar buckets follow; default UTC', {
      pattern: /^[\w+-]{1,30}(?:\/[\w+-]{1,30}){0,2}$/,
      expected: 'a time zone by its name',
      example: 'Europe/Berlin',
    }),
    by: wordsParameter('with bucket: the key columns that stay apart; default: all; empty: one row a bucket', keys),
    fill: wordParameter('with bucket: buckets are there also where a key has nothing', ['zero']),
    top: wordParameter('the rows with the largest values of this column, or with order=asc the smallest', numbers),
    order: wordParameter('by the start of the window, then by key', ['asc', 'desc'], 'desc'),
    limit: countParameter('most rows', 10_000, 100),
    cursor: cursorParameter,
    format: wordParameter('JSON, CSV, or JSON lines', FORMATS, 'rows'),
    numbers: wordParameter('numbers as JSON numbers with all their digits, or as text', ['json', 'text'], 'json'),
  };
}

/** A question for windows, and how its answer is to be written. */
export interface Understood {
  readonly asked: WindowsAsked;
  readonly cursor: string | undefined;
  readonly format: (typeof FORMATS)[number];
  readonly numbers: 'json' | 'text';
}

/**
 * Reads the query of a window table.
 *
 * @throws Problem that says what was expected.
 */
export function understand(table: WindowTable<AnyEvent>, query: URLSearchParams, caller: Caller): Understood {
  const given = readQuery(query, windowParameters(table), 'key.');
  const { from, to, top, cursor, order = 'desc', limit = 100, format = 'rows', numbers = 'json' } = given;
  if (from !== undefined && to !== undefined && from >= to)
    throw badParameter('to', 'a moment after from', 'one that is not', 'windows that begin in [from, to)');
  const columns = columnsOf(table);
  const rollup = rollupOf(table, given);
  const keys = [...keyFilters(table, query), ...boundKeys(table, caller)];
  const lost = rollup && keys.find(({ column }) => !rollup.by.includes(column));
  if (lost)
    throw badParameter(
      'by',
      `'${lost.column}' among the columns that stay apart`,
      rollup.by.join(',') || 'none',
      `by=${lost.column}`,
    );
  if (top !== undefined && cursor !== undefined)
    throw badParameter('cursor', 'none with top', named(cursor), 'take a larger limit');
  const chosen = given.measures;
  return {
    asked: {
      from,
      to,
      keys,
      states: given.state ?? [],
      measures: columns.filter((each) => each.role === 'measure' && isChosen(each, chosen)),
      rollup,
      top: columns.find(({ name }) => name === top),
      order,
      limit,
    },
    cursor,
    format,
    numbers,
  };
}

const isChosen = ({ name, measure = '' }: WindowColumn, chosen: readonly string[] | undefined): boolean =>
  chosen === undefined || chosen.includes(name) || chosen.includes(measure);

function rollupOf(
  table: WindowTable<AnyEvent>,
  given: {
    readonly [Name in 'from' | 'to']: number | undefined;
  } & {
    readonly bucket: string | undefined;
    readonly zone: string | undefined;
    readonly by: readonly string[] | undefined;
    readonly fill: 'zero' | undefined;
  },
): RollupAsked | undefined {
  const { bucket, zone, by, fill, from, to } = given;
  if (bucket === undefined) {
    for (const name of ['zone', 'by', 'fill'] as const)
      if (given[name] !== undefined) throw badParameter(name, 'it with bucket only', 'no bucket', 'add bucket=hour');
    return undefined;
  }
  if (from === undefined || to === undefined)
    throw badParameter(
      'bucket',
      'from and to with it',
      from === undefined ? 'no from' : 'no to',
      'from=2026-11-24T00:00:00Z&to=2026-11-25T00:00:00Z',
    );
  const ownZone = table.window.zone !== undefined;
  if (ownZone && zone !== undefined)
    throw badParameter('zone', 'none: buckets are of the zone of each event', named(zone), 'leave it out');
  const keys = Object.keys(table.key);
  const apart = by ?? keys;
  return {
    bucket,
    zone: ownZone ? undefined : (zone ?? 'UTC'),
    // the zone of each event always stays apart
    by: keys.filter((name) => apart.includes(name) || (ownZone && name === 'zone')),
    fill: fill !== undefined,
  };
}

const PREFIX = 'key.';
/** Most values of one key column. */
const MOST_VALUES = 100;

/**
 * The filters `key.<column>=value`, each with one value or several.
 *
 * @throws Problem for a column that is no key, or a value that is not of its type.
 */
export function keyFilters({ key, name: table }: WindowTable<AnyEvent>, query: URLSearchParams): KeyFilter[] {
  const names = new Set([...query.keys()].filter((name) => name.startsWith(PREFIX)));
  return [...names].map((name) => {
    const column = name.slice(PREFIX.length);
    const declared = Object.hasOwn(key, column) ? key[column] : undefined;
    if (!declared) {
      const known = Object.keys(key).map((each) => PREFIX + each);
      const expected = known.join(', ') || `no key: '${table}' has none`;
      throw badParameter(name, expected, named(name), didYouMean(name.slice(0, 60), known) ?? 'leave it out');
    }
    const texts = query.getAll(name);
    if (texts.length > MOST_VALUES)
      throw badParameter(name, `at most ${MOST_VALUES} values`, `${texts.length}`, 'ask twice');
    const values = texts.map((text) => {
      const value = canonicalText(declared.type, text);
      if (value === undefined) throw badParameter(name, `values of type ${declared.type}`, named(text), 'check it');
      return value;
    });
    return { column, type: declared.type, values: [...new Set(values)].sort() };
  });
}

/**
 * What a token is bound to, as filters.
 *
 * @throws Problem where the table does not know the column: nothing of it may be read then.
 */
export function boundKeys({ key, name }: WindowTable<AnyEvent>, caller: Caller): KeyFilter[] {
  return Object.entries(caller.keys).map(([column, values]) => {
    const declared = Object.hasOwn(key, column) ? key[column] : undefined;
    if (!declared) throw boundElsewhere(`'${name}', whose key has no '${column}'`);
    return { column, type: declared.type, values: canonicalValues(declared.type, values) };
  });
}

/** A token that is bound to keys asks for what has none. */
export const boundElsewhere = (got: string): Problem =>
  new Problem({
    status: 403,
    code: 'bound',
    title: 'the token is bound to keys',
    expected: 'a question about windows of these keys',
    got,
    fix: 'ask for a token that is not bound',
  });
