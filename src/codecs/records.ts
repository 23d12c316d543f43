import { Refusal } from './refusal.ts';
import { splitJson } from './split-json.ts';

const MOST = 2 ** 30;

/**
 * The records of a text, each as its own text: the elements of a JSON array, the lines of NDJSON, or one JSON value.
 *
 * @param limit most records; a text of a few kilobytes, packed, may hold millions.
 */
export function recordsOf(text: string, limit = MOST): readonly string[] | Refusal {
  const body = text.trim();
  if (body === '') return new Refusal('empty', 'expected one event or more; got an empty message');
  const records = body.startsWith('[') ? elementsOf(body, limit) : linesOrOne(body, limit);
  if (records instanceof Refusal || records.length <= limit) return records;
  return new Refusal('too-large', `expected at most ${limit} events in a message; got more`);
}

function elementsOf(body: string, limit: number): readonly string[] | Refusal {
  const elements = splitJson(body, limit);
  if (elements)
    return elements.length > 0 ? elements : new Refusal('empty', 'expected one event or more; got an empty array');
  if (hasLines(body)) return linesOf(body, limit);
  return new Refusal('not-json', 'expected a JSON array; its brackets or quotes do not close');
}

const linesOrOne = (body: string, limit: number): readonly string[] =>
  !body.includes('\n') || isJson(body) ? [body] : linesOf(body, limit);

/** Without blank ones, unless they are too many to look at. */
function linesOf(text: string, limit: number): string[] {
  const most = 2 * limit;
  const lines = text.split('\n', most + 1);
  return lines.length > most ? lines : lines.filter((line) => line.trim() !== '');
}

/** Whether what begins like an array is lines, the first of which is bad: another one is an object by itself. */
const hasLines = (text: string): boolean => text.split('\n').some((line) => /^\s*\{.*\}\s*$/.test(line));

/** Whether the lines are one value, printed over several lines. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
