import { parse as parseSafely } from 'secure-json-parse';
import { storable } from '../column.ts';
import { messageOf } from '../errors.ts';
import { Refusal } from './refusal.ts';

/**
 * The values of a text's records (as `recordsOf` split it), each a value or why it is refused: what is no JSON, keys that poison prototypes, and text that Postgres cannot
 * store. An array is parsed as a whole, a fifth faster than record by record; where that fails, each record succeeds or fails alone.
 */
export function parseRecords(text: string, records: readonly string[]): readonly unknown[] {
  const inspect = inspectorOf(text);
  const values = records.length > 1 ? arrayOf(text) : undefined;
  if (values?.length !== records.length) return records.map((record) => parseRecord(record, inspect));
  return inspect ? values.map((value, i) => inspect(records[i] as string, value) ?? value) : values;
}

/** A parser for the one record that is the whole text; refuses what {@link parseRecords} refuses. */
export function parserFor(text: string): (record: string) => unknown {
  const inspect = inspectorOf(text);
  return (record) => parseRecord(record, inspect);
}

function arrayOf(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

type Inspect = (record: string, value: unknown) => Refusal | undefined;

function parseRecord(record: string, inspect: Inspect | undefined): unknown {
  let value: unknown;
  try {
    value = JSON.parse(record);
  } catch (error) {
    return new Refusal(
      'not-json',
      record === '' ? 'expected an event between the commas; got nothing' : messageOf(error),
    );
  }
  return inspect?.(record, value) ?? value;
}

/** Escapes that may spell a forbidden key, and those that spell text that cannot be stored. */
const ESCAPED_KEY = /\\u00[0-7]/;
const UNSTORABLE = /\\u(0000|d[89a-f])/i;

/** A glance at the whole text decides whether its records need the slower checks: searches for fixed strings, which cost next to nothing. */
function inspectorOf(text: string): Inspect | undefined {
  const escapes = text.includes('\\u');
  const forbidden =
    text.includes('"__proto__"') || text.includes('"constructor"') || (escapes && ESCAPED_KEY.test(text));
  const unstorable = (escapes && UNSTORABLE.test(text)) || !text.isWellFormed();
  if (!forbidden && !unstorable) return undefined;
  return (record, value) => {
    if (forbidden && poisons(record))
      return new Refusal('forbidden-key', 'expected no key named __proto__ or constructor.prototype');
    if (unstorable && !allStorable(value))
      return new Refusal('unstorable-text', 'expected text without NUL and without lone surrogates');
    return undefined;
  };
}

function poisons(record: string): boolean {
  try {
    parseSafely(record);
    return false;
  } catch {
    return true;
  }
}

/** Walks without recursion: nesting is the sender's choice. */
function allStorable(root: unknown): boolean {
  const open = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === 'string') {
      if (!storable(value)) return false;
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, member] of Object.entries(value)) open.push(key, member);
    }
  }
  return true;
}
