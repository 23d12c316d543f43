import { isUtf8 } from 'node:buffer';
import { SourceError } from '../errors.ts';
import { RawBody } from './raw-body.ts';
import { rowIds } from './row-ids.ts';

/** No queue takes such a line; it would only fill the memory. */
const LONGEST_LINE = 64 * 1_048_576;
const NEWLINE = 10;

/**
 * The events of an NDJSON file: each line as it stands, so that numbers of any length survive. A line whose object has no `event_id` or `id` gets
 * an `event_id` as its first key (see {@link rowIds}). A line that is no JSON, or not UTF-8, becomes a {@link RawBody}. Blank lines are left out.
 *
 * @throws SourceError when a line does not end for 64 MiB.
 */
export async function* ndjsonEvents(
  chunks: AsyncIterable<Buffer>,
  file: string,
): AsyncGenerator<readonly (string | RawBody)[]> {
  const idOf = rowIds();
  let pieces: Buffer[] = [];
  let size = 0;
  let lines = 0;
  const events: (string | RawBody)[] = [];
  const end = (last: Buffer) => {
    const event = eventOf(pieces.length === 0 ? last : Buffer.concat([...pieces, last]), lines++ === 0, idOf);
    if (event !== undefined) events.push(event);
    pieces = [];
    size = 0;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, start)) {
      end(chunk.subarray(start, at));
      start = at + 1;
    }
    pieces.push(chunk.subarray(start));
    size += chunk.length - start;
    if (size > LONGEST_LINE) throw new SourceError('unreadable', `${file}: line ${lines + 1} has no end for 64 MiB`);
    yield events.splice(0);
  }
  end(Buffer.alloc(0));
  yield events;
}

function eventOf(line: Buffer, isFirst: boolean, idOf: (content: string) => string): string | RawBody | undefined {
  if (!isUtf8(line)) return new RawBody(line);
  const text = line.toString('utf8', isFirst && line.indexOf('\ufeff') === 0 ? 3 : 0).trim();
  if (text === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return new RawBody(line);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return text;
  const { event_id, id } = value as Record<string, unknown>;
  if (isGiven(event_id) || isGiven(id)) return text;
  const member = `"event_id":"${idOf(text)}"`;
  // Of two equal keys the last one counts: an empty `event_id` is overruled from behind.
  if (Object.hasOwn(value, 'event_id')) return `${text.slice(0, -1)},${member}}`;
  return `{${member}${Object.keys(value).length > 0 ? ',' : ''}${text.slice(1)}`;
}

const isGiven = (id: unknown): boolean => id !== undefined && id !== null && id !== '';
