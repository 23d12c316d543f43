import { parseRecords, parserFor } from '../../codecs/parse-json.ts';
import { Refusal } from '../../codecs/refusal.ts';
import { splitJson } from '../../codecs/split-json.ts';
import { shown } from '../problem.ts';
import type { Media } from './media.ts';
import { badBody, tooLarge } from './problems.ts';

/** The events that a body brings, as they stand there. */
export interface Records {
  readonly texts: readonly string[];
  /** Of each text: its value, or why it has none. */
  readonly values: readonly unknown[];
  /** Of each text: its line in the body, from 1; only where events are lines. */
  readonly lines?: readonly number[];
}

/**
 * Splits a body into its events. A body of JSON is JSON as a whole, or it is refused; of lines, each stands for itself.
 *
 * @throws Problem where there is none (400), it is no JSON (400, with the place), or there are too many (413).
 */
export function recordsIn(text: string, kind: Media['kind'], most: number): Records {
  const records = kind === 'json' ? jsonRecords(text, most) : lineRecords(text, most);
  const { length } = records.texts;
  if (length === 0) throw badBody('an event or more', 'none', 'send nothing at all where there is nothing to send');
  if (length > most) throw tooLarge(`at most ${most} events`, 'more');
  return records;
}

function jsonRecords(text: string, most: number): Records {
  const body = text.trim();
  const texts = body.startsWith('[') ? splitJson(body, most) : body === '' ? [] : [body];
  if (!texts) throw badBody('a JSON array', 'one whose brackets or quotes do not close', 'send all of it');
  if (texts.length > most) return { texts, values: [] };
  const values = parseRecords(body, texts);
  const bad = values.findIndex((value) => value instanceof Refusal && value.reason === 'not-json');
  if (bad === -1) return { texts, values };
  const { detail } = values[bad] as Refusal;
  const fix = body.includes('\n') ? 'JSON; or content-type: application/x-ndjson, for an event a line' : 'send JSON';
  throw badBody('JSON', `event ${bad}, which begins in ${placeOf(text, texts, bad)}: ${shown(detail)}`, fix);
}

/** Where a text begins. Only what was split off before it is passed, so a text that occurs twice is found at its own place. */
function placeOf(text: string, texts: readonly string[], index: number): string {
  let at = text.search(/\S/) + (texts.length > 1 || text.trimStart().startsWith('[') ? 1 : 0);
  for (const each of texts.slice(0, index)) at = text.indexOf(',', text.indexOf(each, at) + each.length) + 1;
  at = text.indexOf(texts[index] as string, at);
  const before = text.slice(0, at).split('\n');
  return `line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`;
}

/** Blank lines are no events. */
function lineRecords(text: string, most: number): Records {
  const texts: string[] = [];
  const lines: number[] = [];
  let line = 0;
  for (let start = 0; start <= text.length && texts.length <= most; line++) {
    const end = text.indexOf('\n', start);
    const each = text.slice(start, end === -1 ? undefined : end).trim();
    if (each !== '') {
      texts.push(each);
      lines.push(line + 1);
    }
    start = end === -1 ? text.length + 1 : end + 1;
  }
  // each by itself: lines that only together are an array have no values of their own
  return texts.length > most ? { texts, values: [] } : { texts, values: texts.map(parserFor(text)), lines };
}
