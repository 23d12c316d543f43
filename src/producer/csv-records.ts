/** One record of a CSV text. `broken`: its quotes do not close, or text follows a closing quote, or the file ends inside a character. */
export interface CsvRecord {
  readonly fields: readonly string[];
  readonly broken: boolean;
}

/** Longer records are taken for a quote that never closes, in characters. */
const LONGEST_RECORD = 16 * 1_048_576;

/**
 * Splits CSV (RFC 4180; LF as well as CRLF; commas, double quotes) into records as it comes. Blank lines are left out. Nothing else is, whatever
 * is wrong with it: what a general parser reports as an error that ends the file is a broken record here.
 *
 * Memory: one chunk and one record.
 *
 * @returns a function: give it the next piece of text, and whether it is the last; it gives the records that are complete.
 * @throws RangeError when a record has no end for 16 Mi characters.
 */
export function csvRecords(): (text: string, last: boolean) => readonly CsvRecord[] {
  let rest = '';
  return (text, last) => {
    rest += text;
    const records: CsvRecord[] = [];
    let start = 0;
    while (start < rest.length) {
      const found = recordAt(rest, start, last);
      if (!found) break;
      start = found.end;
      if (found.fields.length > 1 || found.fields[0] !== '') records.push(found);
    }
    rest = rest.slice(start);
    if (rest.length > LONGEST_RECORD)
      throw new RangeError('a record of more than 16 Mi characters: a quote that does not close?');
    return records;
  };
}

/** The record that starts at `start`; `undefined` when its end is still to come. */
function recordAt(text: string, start: number, last: boolean): (CsvRecord & { readonly end: number }) | undefined {
  const fields: string[] = [];
  let broken = false;
  for (let at = start; ; at++) {
    let quoted = '';
    if (text.charCodeAt(at) === QUOTE) {
      const close = closingQuote(text, at + 1);
      // A quote at the very end may be the first of two.
      if (!last && (close < 0 || close + 1 === text.length)) return undefined;
      quoted = text.slice(at + 1, close < 0 ? text.length : close).replaceAll('""', '"');
      broken ||= close < 0;
      at = close < 0 ? text.length : close + 1;
    }
    let end = at;
    for (; end < text.length; end++) {
      const code = text.charCodeAt(end);
      if (code === COMMA || code === NEWLINE) break;
    }
    if (end === text.length && !last) return undefined;
    const atComma = text.charCodeAt(end) === COMMA;
    const bare = text.slice(at, !atComma && end > at && text.charCodeAt(end - 1) === RETURN ? end - 1 : end);
    broken ||= quoted !== '' && bare !== '';
    fields.push(quoted + bare);
    if (!atComma) return { fields, broken, end: Math.min(end + 1, text.length) };
    at = end;
  }
}

const [QUOTE, COMMA, NEWLINE, RETURN] = [34, 44, 10, 13];

/** Where the field's closing quote is; two in a row are one of its characters. Negative: nowhere. */
function closingQuote(text: string, from: number): number {
  for (let at = from; ; at += 2) {
    at = text.indexOf('"', at);
    if (at < 0 || text.charCodeAt(at + 1) !== QUOTE) return at;
  }
}
