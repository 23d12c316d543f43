import type { AnyEvent } from '../../event-table.ts';
import { type Stored, storedOf } from '../../stored.ts';
import type { WindowTable } from '../../window-table.ts';
import { instant } from './instant.ts';
import { foldedPart } from './part-sql.ts';
import { quoteName } from './quote.ts';

/** What a flush brings of one relation, as variables of a function: arrays that are read once. */
export interface Arrays {
  /** Their names, their types, and how each is read from the function's list of texts. */
  readonly declared: readonly string[];
  /** Selects what the events that count contribute to each group: `grp`, `p0`, `p1`, … */
  readonly folded: string;
  /** Numbers of the groups to which an event that counts contributes. */
  readonly fresh: string;
  /** The groups, as a relation `g`: `us`, `k0`, `k1`, …, `grp`. */
  readonly groups: string;
  /** When, then what `g` is known by, each under its name. */
  readonly at: string;
  readonly keys: readonly string[];
}

/** The function that merges into a session table. */
export const functionOf = ({ name }: WindowTable<AnyEvent>): string =>
  `scalestream.${quoteName(`sessions of ${name}`)}`;

/** How many texts a relation takes: events, groups, inputs, instants, keys. */
export const textsOf = ({ inputs, key }: Stored): number => 3 + inputs.length + key.length;

/** The arrays of each relation of a session table, in the order in which a flush sends them. */
export function sessionArrays(table: WindowTable<AnyEvent>): Arrays[] {
  let before = 0;
  return storedOf(table).map((stored, i) => {
    const made = arraysOf(stored, i, before);
    before += textsOf(stored);
    return made;
  });
}

/** After all of them comes the trace of the flush. */
export const traceText = (table: WindowTable<AnyEvent>): string =>
  `"$given"[${storedOf(table).reduce((sum, stored) => sum + textsOf(stored), 1)}]::uuid`;

function arraysOf({ inputs, key, parts }: Stored, relation: number, before: number): Arrays {
  const columns = [
    ['position', 'int'],
    ['grp', 'int'],
    ...inputs.map((type, i) => [`v${i}`, type]),
    ['us', 'bigint'],
    ...key.map(({ type }, i) => [`k${i}`, type]),
  ].map(([name, type], i) => ({ name, type, array: `"$${relation}_${name}"`, text: `"$given"[${before + i + 1}]` }));
  const contributions = columns.slice(0, 2 + inputs.length);
  const groups = columns.slice(2 + inputs.length);
  const unnested = (some: typeof columns): string => `unnest(${some.map(({ array }) => array).join(', ')})`;
  const c = `${unnested(contributions)} as c (${contributions.map(({ name }) => name).join(', ')})`;
  const counts = 'c.position not in (select unnest("$stale"))';
  const sums = parts.map((part, i) => `${foldedPart(part, `c.v${part.input}`)} as p${i}`);
  return {
    declared: columns.map(({ array, type, text }) => `${array} ${type}[] := ${text}::${type}[];`),
    folded: `select ${['c.grp', ...sums].join(', ')} from ${c} where ${counts} group by c.grp`,
    fresh: `select c.grp from ${c} where ${counts}`,
    groups: `${unnested(groups)} with ordinality as g (${[...groups.map(({ name }) => name), 'grp'].join(', ')})`,
    at: instant('g.us'),
    keys: key.map(({ type }, i) => (type === 'text' ? `g.k${i} collate "C"` : `g.k${i}`)),
  };
}

/** `as` gives expressions names: `k0`, `k1`, … */
export const named = (expressions: readonly string[], letter: string): string[] =>
  expressions.map((expression, i) => `${expression} as ${letter}${i}`);

/** `k0`, `k1`, … of a relation. */
export const numbered = (letter: string, n: number, of = ''): string[] =>
  Array.from({ length: n }, (_, i) => `${of && `${of}.`}${letter}${i}`);

/** `partition by` what there is. */
export const over = (keys: readonly string[], order: string): string =>
  `(${keys.length > 0 ? `partition by ${keys.join(', ')} ` : ''}order by ${order})`;
