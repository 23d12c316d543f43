import { textHash } from '../content.ts';
import type { Combination, Part } from '../measure.ts';

/** How two values of a part become one, in SQL and in JavaScript alike: commutative and associative. Neither is null. */
export interface Combining<V> {
  /** An immutable expression of two expressions of the part's type: `(a, b) => `gcd(${a}, ${b})``. */
  readonly sql: (a: string, b: string) => string;
  readonly of: (a: V, b: V) => V;
}

/** The same, of whatever values. */
export interface AnyCombining {
  readonly sql: (a: string, b: string) => string;
  readonly of: (a: never, b: never) => unknown;
}

/** What it does in the database, as text. */
export const sqlOf = ({ sql }: AnyCombining): string => sql('$1', '$2');

/** What combines in the database is named by what it does: the same in every pipeline, and another one beside it once it changes. */
const nameOf = (type: Part['type'], combining: AnyCombining): string =>
  `combine_${type}_${textHash(sqlOf(combining)).slice(0, 16)}`;

/** A combination of an author as a part has it. */
export function combinationOf(type: Part['type'], combining: AnyCombining): Combination {
  const of = combining.of as (a: unknown, b: unknown) => unknown;
  const value = (text: string): unknown => (type === 'bigint' ? BigInt(text) : text);
  return { name: nameOf(type, combining), of: (a, b) => String(of(value(a), value(b))) };
}

/** Its function and its aggregate; of what is null they are null, and pass over it. */
export function functionsOf(type: Part['type'], combining: AnyCombining): string {
  const name = `scalestream."${nameOf(type, combining)}"`;
  const body = `select (${sqlOf(combining)})::${type}`.replaceAll("'", "''");
  return `create or replace function ${name}(${type}, ${type}) returns ${type} language sql immutable strict parallel safe as '${body}';
create or replace aggregate ${name}(${type}) (sfunc = ${name}, stype = ${type}, combinefunc = ${name}, parallel = safe);`;
}
