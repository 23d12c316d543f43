import { didYouMean } from '../declared.ts';
import { eventTime, type Micros } from '../event-time.ts';
import { badParameter, named } from './problem.ts';

/** A schema of OpenAPI 3.1, which is JSON Schema. */
export type Schema = Readonly<Record<string, unknown>>;

/** A parameter of a query: how it is told to people, and how it is read. */
export interface Parameter<V> {
  readonly description: string;
  readonly schema: Schema;
  /** Whether it may be there several times. */
  readonly many?: boolean;
  /** @throws Problem */
  readonly read: (texts: readonly string[], name: string) => V;
}

/** Parameters by name. */
export type Parameters = Readonly<Record<string, Parameter<unknown>>>;

/** What they say; `undefined` where they are not there. */
export type Values<P extends Parameters> = {
  readonly [Name in keyof P]: P[Name] extends Parameter<infer V> ? V | undefined : never;
};

/** Most values that one parameter may list. */
const MOST_VALUES = 100;

/**
 * Reads a query by its parameters; those that begin with `prefix` are the caller's.
 *
 * @throws Problem for one that is not known, is there twice, or says nothing.
 */
export function readQuery<P extends Parameters>(query: URLSearchParams, parameters: P, prefix?: string): Values<P> {
  const values: Record<string, unknown> = {};
  for (const name of new Set(query.keys())) {
    if (prefix !== undefined && name.startsWith(prefix)) continue;
    const parameter = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (!parameter) {
      const known = [...Object.keys(parameters), ...(prefix === undefined ? [] : [`${prefix}<column>`])];
      const expected = known.length === 0 ? 'no parameters' : known.join(', ');
      throw badParameter(name, expected, named(name), didYouMean(name.slice(0, 60), known) ?? 'leave it out');
    }
    const texts = query.getAll(name);
    if (texts.length > (parameter.many ? MOST_VALUES : 1))
      throw badParameter(name, parameter.many ? `at most ${MOST_VALUES}` : 'it once', `${texts.length}`, 'give fewer');
    values[name] = parameter.read(texts, name);
  }
  return values as Values<P>;
}

/** A moment, RFC 3339. */
export const instantParameter = (description: string): Parameter<Micros> => ({
  description,
  schema: { type: 'string', format: 'date-time' },
  read([text = ''], name) {
    const micros = text.length > 40 ? undefined : eventTime(text);
    if (micros !== undefined) return micros;
    const fix = / \d\d:?\d\d$/.test(text) ? "write '+' as %2B, or use Z" : '2026-11-24T12:00:00Z';
    throw badParameter(name, 'a moment from 1970 to 2250, RFC 3339 with its offset', named(text), fix);
  },
});

/** One of a few words. */
export const wordParameter = <const W extends string>(
  description: string,
  words: readonly W[],
  byDefault?: W,
): Parameter<W> => ({
  description,
  schema: { type: 'string', enum: words, ...(byDefault === undefined ? {} : { default: byDefault }) },
  read: ([text = ''], name) => wordOf(text, words, name),
});

/** Some of a few words, with commas between or given several times. */
export const wordsParameter = <const W extends string>(
  description: string,
  words: readonly W[],
): Parameter<readonly W[]> => ({
  description,
  schema: {
    type: 'string',
    description: `any of ${words.join(', ')}, with commas between`,
    examples: words.slice(0, 1),
  },
  many: true,
  read: (texts, name) => [
    ...new Set(texts.flatMap((text) => (text === '' ? [] : text.split(',').map((each) => wordOf(each, words, name))))),
  ],
});

function wordOf<W extends string>(text: string, words: readonly W[], name: string): W {
  const word = words.find((each) => each === text);
  if (word !== undefined) return word;
  const fix = didYouMean(text.slice(0, 60), words) ?? (words.length === 0 ? 'leave it out' : `${name}=${words[0]}`);
  throw badParameter(name, words.length === 0 ? 'nothing: there is none' : words.join(', '), named(text), fix);
}

/** A whole number, from 1 up to a limit. */
export const countParameter = (description: string, most: number, byDefault: number): Parameter<number> => ({
  description,
  schema: { type: 'integer', minimum: 1, maximum: most, default: byDefault },
  read([text = ''], name) {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
    if (value >= 1 && value <= most) return value;
    throw badParameter(name, `a whole number from 1 to ${most}`, named(text), `${name}=${byDefault}`);
  },
});

/** A text that a pattern holds to what is harmless. */
export const textParameter = (
  description: string,
  { pattern, expected, example }: { readonly pattern: RegExp; readonly expected: string; readonly example: string },
): Parameter<string> => ({
  description,
  schema: { type: 'string', pattern: pattern.source, examples: [example] },
  read([text = ''], name) {
    if (pattern.test(text)) return text;
    throw badParameter(name, expected, named(text), `${name}=${example}`);
  },
});
