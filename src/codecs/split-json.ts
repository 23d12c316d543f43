const QUOTE = 34;
const COMMA = 44;
const OPEN_SQUARE = 91;
const BACKSLASH = 92;
const CLOSE_SQUARE = 93;
const OPEN_CURLY = 123;
const CLOSE_CURLY = 125;

/**
 * The texts of a JSON array's elements (or of an object's members), so that each keeps its digits and fails alone. Only brackets and strings
 * are looked at; `JSON.parse` judges the rest.
 *
 * @param limit after one element more it looks no further.
 * @returns `undefined` when the brackets do not balance or something follows the last one.
 * @example
 * splitJson('[{"a":1}, [2,3]]'); // ['{"a":1}', '[2,3]']
 */
export function splitJson(text: string, limit = Number.POSITIVE_INFINITY): string[] | undefined {
  const elements: string[] = [];
  const body = text.trim();
  let depth = 0;
  let start = 1;
  for (let i = 0; i < body.length; i++) {
    const code = body.charCodeAt(i);
    if (code === QUOTE) {
      i = endOfString(body, i);
      if (i < 0) return undefined;
    } else if (code === OPEN_CURLY || code === OPEN_SQUARE) {
      depth++;
    } else if (code === CLOSE_CURLY || code === CLOSE_SQUARE) {
      depth--;
      if (depth === 0) {
        // each closing bracket stands two after its opening one in ASCII
        if (i !== body.length - 1 || code !== body.charCodeAt(0) + 2) return undefined;
        const last = body.slice(start, i).trim();
        if (last || elements.length > 0) elements.push(last);
        return elements;
      }
    } else if (code === COMMA && depth === 1) {
      if (elements.push(body.slice(start, i).trim()) > limit) return elements;
      start = i + 1;
    }
  }
  return undefined;
}

/**
 * The text of one member of a JSON object, digit for digit.
 *
 * @example
 * memberOf('{"id":1,"detail":{"n":9007199254740993}}', 'detail'); // '{"n":9007199254740993}'
 */
export function memberOf(text: string, name: string): string | undefined {
  const quoted = JSON.stringify(name);
  const member = splitJson(text)?.find((each) => each.startsWith(quoted));
  return member?.slice(member.indexOf(':', quoted.length) + 1).trim();
}

function endOfString(text: string, open: number): number {
  let close = text.indexOf('"', open + 1);
  while (close > 0) {
    let slashes = 0;
    while (text.charCodeAt(close - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return close;
    close = text.indexOf('"', close + 1);
  }
  return -1;
}
