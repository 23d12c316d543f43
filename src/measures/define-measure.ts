import { inspect } from 'node:util';
import { canonical } from '../column.ts';
import { declared, isRecord, knownOptions } from '../declared.ts';
import type { Combine, Contribution, Input, Measure, MeasureOptions, Part, Reading } from '../measure.ts';
import { Unfoldable } from '../unfoldable.ts';
import { type Combining, combinationOf, functionsOf, sqlOf } from './combining.ts';

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
    declared(
      fits(part),
      `${where} part '${name}'`,
      'a type, what an event contributes, and how that combines',
      part,
      "{ type: 'bigint', of: (e) => …, combine: 'sum' }",
    );
    const { type, combine } = part;
    const combination = typeof combine === 'string' ? combine : combinationOf(type, combine);
    return { suffix: alone ? '' : `_${name}`, type, of: 'value', input, combine: combination };
  });
  const shapes = given.map(([name, { type, combine }]) => [
    name,
    type,
    typeof combine === 'string' ? combine : sqlOf(combine),
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

/** Whether it is a part: texts have no sum. */
function fits(part: unknown): boolean {
  if (!isRecord(part) || typeof part['of'] !== 'function') return false;
  const { type, combine } = part;
  const known = type === 'text' ? ['min', 'max'] : type === 'bigint' || type === 'numeric' ? ['sum', 'min', 'max'] : [];
  if (isRecord(combine))
    return known.length > 0 && [combine['sql'], combine['of']].every((each) => typeof each === 'function');
  return known.includes(combine as string);
}
