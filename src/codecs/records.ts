import { Refusal } from './refusal.ts';
import { splitJson } from './split-json.ts';

/** The records of a text, each as its own text: the elements of a JSON array, the lines of NDJSON, or one JSON value. */
export function recordsOf(text: string): readonly string[] | Refusal {
  const body = text.trim();
  if (body === '') return new Refusal('empty', 'expected one event or more; got an empty message');
  if (body.startsWith('[')) {
    const elements = splitJson(body);
    if (!elements) {
      return hasLines(body)
        ? linesOf(body)
        : new Refusal('not-json', 'expected a JSON array; its brackets or quotes do not close');
    }
    return elements.length > 0 ? elements : new Refusal('empty', 'expected one event or more; got an empty array');
  }
  if (!body.includes('\n') || isJson(body)) return [body];
  return linesOf(body);
}

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line.trim() !== '');

/** Whether what begins like an array is lines, the first of which is bad: another one is an object by itself. */
const hasLines = (text: string): boolean => linesOf(text).some((line) => /^\s*\{.*\}\s*$/.test(line));

/** Whether the lines are one value, printed over several lines. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
