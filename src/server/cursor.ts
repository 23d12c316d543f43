import { createHash } from 'node:crypto';
import { MAX_EVENT_TIME } from '../event-time.ts';
import { badParameter, named } from './problem.ts';

/**
 * Where a page ended: the values of its last row, in order, and what was asked. A cursor is nobody's secret: whoever makes one up may begin anywhere in what
 * may be read anyway.
 */
export function writeCursor(asked: unknown, last: readonly string[]): string {
  return Buffer.from(JSON.stringify([digest(asked), ...last])).toString('base64url');
}

/**
 * Reads it back: as many texts as `checks`, each as one of them.
 *
 * @throws Problem for one that is none, or is of another question.
 */
export function readCursor(
  cursor: string,
  asked: unknown,
  checks: readonly ((text: string) => string | null | undefined)[],
): readonly string[] {
  const bad = (got: string): never => {
    throw badParameter(
      'cursor',
      'page.next of the answer before, with the same question',
      got,
      'begin again without it',
    );
  };
  if (cursor.length > MOST_CURSOR || !/^[\w-]+$/.test(cursor)) return bad(named(cursor));
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return bad(named(cursor));
  }
  if (!Array.isArray(parsed)) return bad(named(cursor));
  const [of, ...last] = parsed as unknown[];
  if (of !== digest(asked)) return bad('one of another question');
  const values = last.map((text, i) => (typeof text === 'string' ? checks[i]?.(text) : undefined));
  if (values.length !== checks.length || values.some((value) => typeof value !== 'string')) return bad(named(cursor));
  return values as string[];
}

/** Keys are at most 1,000 bytes each. */
const MOST_CURSOR = 7_000;

const digest = (asked: unknown): string =>
  createHash('sha256').update(JSON.stringify(asked)).digest('base64url').slice(0, 10);

/** Microseconds since 1970, as a cursor has them: digits, which a database reads exactly. */
export const microsOf = (text: string): string | undefined =>
  /^\d{1,16}$/.test(text) && Number(text) < MAX_EVENT_TIME * 2 ? text : undefined;
