import { inspect } from 'node:util';
import { canonical } from '../column.ts';
import { textHash } from '../content.ts';
import { declared, isRecord, knownOptions } from '../declared.ts';
import type { Combination, Combine, Contribution, Input, Measure, MeasureOptions, Part, Reading } from '../measure.ts';
import { Unfoldable } from '../unfoldable.ts';

/** How two values of a part become one, in SQL and in JavaScript alike: commutative and associative. Neither is null. */
export interface Combining<V> {
  /** An immutable expression of two expressions of the part's type: `(a, b) => `gcd(${a}, ${b})``. */
  readonly sql: (a: string, b: string) => string;
  readonly of: (a: V, b: V) => V;
}

/** The same, of whatever values. */
interface AnyCombining {
  readonly sql: (a: string, b: string) => string;
  readonly of: (a: never, b: never) => unknown;
}

type Defined<T, Type extends Part['type'], V> = {
  readonly type: Type;
  /** What an event contributes: null nothing; what does not fit the type makes the event a reject. */
  readonly of: (event: T) => Contribution;
  readonly combine: Exclude<Combine, 'or'> | Combining<V>;
};

/** A stored column. In JavaScript a `bigint` is one, a `numeric` decimal text. */
export type DefinedPart<T> = Defined<T, 'bigint', bigint> | Defined<T, 'numeric', string> | Defined<T, 'text', string>;

/** What is computed of the parts of a window, each null where nothing contributed, unless it is a sum. */
export interface DefinedReading<Name extends string> {
  readonly type: Reading['type'];
  /** An immutable expression of the parts' columns. */
  readonly sql: (parts: Readonly<Record<Name, string>>) => string;
  /** The same, of and as the texts that Postgres prints, decimals without trailing zeros. */
  readonly of: (parts: Readonly<Record<Name, string | null>>) => string | null;
}

export interface DefineMeasureOptions<T, Name extends string> extends MeasureOptions {
  /** Letters and digits, which tell it from others: change it with what the measure means. */
  readonly kind: string;
  /** By name: stored as `<measure>_<name>`. */
  readonly parts: Readonly<Record<Name, DefinedPart<T>>>;
  /** The column `<measure>`. Default: the part, where there is one alone, which is then stored as `<measure>`. */
  readonly reading?: DefinedReading<Name>;
}

/**
 * A measure of your own. Combinations become a function and an aggregate in the schema `scalestream`, so flushes, merges, roll-ups and `verify` treat it like any
 * other. `checkMeasure` of `scalestream/testing` tests that they are commutative and associative, and SQL the same as JavaScript.
 *
 * @throws ConfigError for parts that are none.
 * @example
 * const commonDivisor = defineMeasure({
 *   kind: 'gcd',
 *   parts: { all: { type: 'bigint', of: (e: Order) => e.cents, combine: { sql: (a, b) => `gcd(${a}, ${b})`, of: gcd } } },
 * });
 */
export function defineMeasure<T, const Name extends string>(options: DefineMeasureOptions<T, Name>): Measure<T> {
  knownOptions(options, ['kind', 'parts', 'reading', 'unit'], 'defineMeasure');
  const { kind, parts, reading, ...rest } = options;
  const where = `defineMeasure('${kind}')`;
  const named: boolean = typeof kind === 'string' && /^[a-z]\w*$/i.test(kind);
  declared(named, 'defineMeasure kind', 'letters', kind, "kind: 'gcd'");
  const given = isRecord(parts) ? (Object.entries(parts) as [Name, DefinedPart<T>][]) : [];
  declared(given.length > 0, `${where} parts`, 'at least one', parts, "parts: { total: { type: 'numeric', … } }");
  const alone = given.length === 1 && reading === undefined;
  const stored = given.map(([name, part], input): Part => {
    const fits: boolean =
      isRecord(part) && ['bigint', 'numeric', 'text'].includes(part.type) && typeof part.of === 'function';
    declared(
      fits,
      `${where} part '${name}'`,
      'a type and what an event contributes',
      part,
      "type: 'bigint', of: (e) => …",
    );
    const { type, combine } = part;
    const combination = typeof combine === 'string' ? combine : combinationOf(type, combine);
    return { suffix: alone ? '' : `_${name}`, type, of: 'value', input, combine: combination };
  });
  const shapes = given.map(([name, { type, combine }]) => [
    name,
    type,
    typeof combine === 'string' ? combine : textOf(combine),
  ]);
  return {
    ...rest,
    kind,
    shape: [
      'defined',
      ...shapes.flat(),
      ...(reading ? [reading.type, reading.sql(suffixed(given, (name) => name))] : []),
    ],
    inputs: given.map(([name, part]) => inputOf(`${kind} ${name}`, part)),
    parts: stored,
    readings: reading
      ? [
          {
            suffix: '',
            type: reading.type,
            sql: (column) => reading.sql(suffixed(given, (name) => column(`_${name}`))),
            of: (values) => reading.of(suffixed(given, (name) => values[`_${name}`] ?? null)),
          },
        ]
      : [],
    functions: given.flatMap(([, { type, combine }]) =>
      typeof combine === 'string' ? [] : [functionsOf(type, combine)],
    ),
  };
}

/** What each part is for, by its name. */
const suffixed = <Name extends string, V>(
  parts: readonly (readonly [Name, unknown])[],
  of: (name: Name) => V,
): Record<Name, V> => Object.fromEntries(parts.map(([name]) => [name, of(name)])) as Record<Name, V>;

function inputOf<T>(name: string, { type, of }: DefinedPart<T>): Input<T> {
  return {
    type: type === 'text' ? 'text' : 'numeric',
    read(event) {
      const value = of(event);
      const text = canonical(type, value);
      if (text === undefined) throw new Unfoldable(`${name}: expected a ${type}; got ${inspect(value)}`);
      return text;
    },
  };
}

const textOf = ({ sql }: AnyCombining): string => sql('$1', '$2');

/** What combines in the database is named by what it does: the same in every pipeline, and another one beside it once it changes. */
const nameOf = (type: Part['type'], combining: AnyCombining): string =>
  `combine_${type}_${textHash(textOf(combining)).slice(0, 16)}`;

function combinationOf(type: Part['type'], combining: AnyCombining): Combination {
  const of = combining.of as (a: unknown, b: unknown) => unknown;
  const value = (text: string): unknown => (type === 'bigint' ? BigInt(text) : text);
  return {
    name: nameOf(type, combining),
    of: (a, b) => String(of(value(a), value(b))),
  };
}

function functionsOf(type: Part['type'], combining: AnyCombining): string {
  const name = `scalestream."${nameOf(type, combining)}"`;
  const body = `select (${textOf(combining)})::${type}`.replaceAll("'", "''");
  return `create or replace function ${name}(${type}, ${type}) returns ${type} language sql immutable strict parallel safe as '${body}';
create or replace aggregate ${name}(${type}) (sfunc = ${name}, stype = ${type}, combinefunc = ${name}, parallel = safe);`;
}
