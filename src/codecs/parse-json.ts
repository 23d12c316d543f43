import { parse as parseSafely } from 'secure-json-parse';
import { storable } from '../column.ts';
import { messageOf } from '../errors.ts';
import { Refusal } from './refusal.ts';

const FORBIDDEN = /__proto__|"constructor"|\\u00[0-7]/i;
const UNSTORABLE = /\\u(0000|d[89a-f])/i;

/**
 * A parser for the records of one text. It refuses what is no JSON, keys that poison prototypes, and text that Postgres cannot store (NUL, lone
 * surrogates). A glance at the whole text decides whether its records need the slower checks.
 */
export function parserFor(text: string): (record: string) => unknown {
  const forbidden = FORBIDDEN.test(text);
  const unstorable = UNSTORABLE.test(text) || !text.isWellFormed();
  return (record) => {
    let value: unknown;
    try {
      value = JSON.parse(record);
    } catch (error) {
      return new Refusal(
        'not-json',
        record === '' ? 'expected an event between the commas; got nothing' : messageOf(error),
      );
    }
    if (forbidden && poisons(record))
      return new Refusal('forbidden-key', 'expected no key named __proto__ or constructor.prototype');
    if (unstorable && !allStorable(value))
      return new Refusal('unstorable-text', 'expected text without NUL and without lone surrogates');
    return value;
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
