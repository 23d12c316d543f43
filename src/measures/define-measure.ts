import { canonical, digitsOf } from '../column.ts';
import { declared, isRecord, knownOptions } from '../declared.ts';
import {
  type Combine,
  type Contribution,
  type Input,
  type Measure,
  type MeasureOptions,
  measureOptions,
  type Part,
  type Reading,
} from '../measure.ts';
import { shown, Unfoldable } from '../unfoldable.ts';
import { type Combining, combinationOf, functionsOf, sqlOf } from './combining.ts';

type Defined<T, Type extends Part['type'], V> = {
  readonly type: Type;
  /** What an event contributes: null nothing; what does not fit the type makes the event a reject. */
  readonly of: (event: T) => Contribution;
  readonly combine: Exclude<Combine, 'or'> | Combining<V>;
};

/**
 * A stored column. In JavaScript a `bigint` is one, a `numeric` decimal text.
 *
 * A `bigint` that is summed takes contributions from -2^53 to 2^53, and an event with another is a reject: a total that leaves 64 bits stops the pipeline. Where
 * one may, of a thousand such events or by a combination of your own, declare the part `numeric`.
 */
export type DefinedPart<T> = Defined<T, 'bigint', bigint> | Defined<T, 'numeric', string> | Defined<T, 'text', string>;

/** What is computed of the parts of a window, each null where nothing contributed, unless it is a sum. */
export interface DefinedReading<Name extends string> {
  readonly type: Reading['type'];
  /** An immutable expression of the parts' columns. */
  readonly sql: (parts: Readonly<Record<Name, string>>) => string;
  /** The same, of and as the texts that Postgres prints, decimals without trailing zeros. */
  readonly of: (parts: Readonly<Record<Name, string | null>>) => string | null;
}

export interface DefineMeasureOptions<T, Name extends string, U extends string = string> extends MeasureOptions<U> {
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
export function defineMeasure<T, const Name extends string, const U extends string = string>(
  options: DefineMeasureOptions<T, Name, U>,
): Measure<T, U> {
  const { kind, parts, reading, ...rest } = measureOptions(options, 'defineMeasure', [
    'kind',
    'parts',
    'reading',
    'unit',
  ]);
  const where = `defineMeasure('${kind}')`;
  const named: boolean = typeof kind === 'string' && /^[a-z]\w*$/i.test(kind);
  declared(named, 'defineMeasure kind', 'letters', kind, "kind: 'gcd'");
  const given = isRecord(parts) ? (Object.entries(parts) as [Name, DefinedPart<T>][]) : [];
  declared(given.length > 0, `${where} parts`, 'at least one', parts, "parts: { total: { type: 'numeric', … } }");
  if (reading !== undefined) readingFits(reading, `${where} reading`);
  const alone = given.length === 1 && reading === undefined;
  const stored = given.map(([name, part], input): Part => {
    partFits(part, `${where} part '${name}'`);
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

/** Most that an event may add to a total of 64 bits, either way. */
const MOST_ADDED = 2n ** 53n;

function inputOf<T>(name: string, { type, of, combine }: DefinedPart<T>): Input<T> {
  const isTotal = type === 'bigint' && combine === 'sum';
  return {
    type: type === 'text' ? 'text' : 'numeric',
    read(event) {
      const value = of(event);
      const text = canonical(type, value);
      if (text === undefined) {
        const digits = type === 'numeric' ? digitsOf(value) : '';
        throw new Unfoldable(`${name}: expected a ${type}${digits}; got ${shown(value)}`);
      }
      if (isTotal && text !== null && isBeyond(text)) {
        throw new Unfoldable(
          `${name}: expected from -2^53 to 2^53 of a bigint that is summed; got ${text}. Fix: declare the part numeric`,
        );
      }
      return text;
    },
  };
}

function isBeyond(text: string): boolean {
  if (text.length < 16) return false;
  const value = BigInt(text);
  return value > MOST_ADDED || value < -MOST_ADDED;
}

/** Holds a part to a type, an accessor, and a combination that there is: texts have no sum. */
function partFits(part: unknown, where: string): void {
  const expected = 'a type, what an event contributes, and how that combines';
  declared(isRecord(part), where, expected, part, "{ type: 'bigint', of: (e) => …, combine: 'sum' }");
  knownOptions(part, ['type', 'of', 'combine'], where);
  const { type, of, combine } = part;
  const isType = type === 'bigint' || type === 'numeric' || type === 'text';
  declared(isType, `${where} type`, "'bigint', 'numeric' or 'text'", type, "type: 'numeric'");
  declared(typeof of === 'function', `${where} of`, 'a function of the event', of, 'of: (e) => e.cents');
  const known = type === 'text' ? ['min', 'max'] : ['sum', 'min', 'max'];
  const named = known.map((each) => `'${each}'`).join(', ');
  if (isRecord(combine)) pairFits(combine, `${where} combine`, 'combine');
  else
    declared(
      known.includes(combine as string),
      `${where} combine`,
      `of a ${type} ${named} or { sql, of }`,
      combine,
      `combine: '${known[0]}'`,
    );
}

const READ: readonly unknown[] = ['bigint', 'numeric', 'text', 'boolean', 'uuid', 'jsonb'];

function readingFits(reading: unknown, where: string): void {
  declared(isRecord(reading), where, 'a type, and how it reads', reading, "{ type: 'numeric', sql: …, of: … }");
  const { type, ...pair } = reading;
  declared(READ.includes(type), `${where} type`, `one of ${READ.join(', ')}`, type, "type: 'numeric'");
  pairFits(pair, where, 'reading');
}

/** The same in SQL and in JavaScript. */
function pairFits(pair: Record<string, unknown>, where: string, name: 'combine' | 'reading'): void {
  knownOptions(pair, ['sql', 'of'], where);
  const fix =
    name === 'combine' ? 'combine: { sql: (a, b) => …, of: (a, b) => … }' : 'sql: (parts) => …, of: (parts) => …';
  for (const each of ['sql', 'of'])
    declared(typeof pair[each] === 'function', `${where} ${each}`, 'a function', pair[each], fix);
}
