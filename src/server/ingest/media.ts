import { named, Problem } from '../problem.ts';

/** How a body says its events, and how its bytes are packed. */
export interface Media {
  /** One JSON value, an event or an array of events; or a JSON value a line. */
  readonly kind: 'json' | 'lines';
  readonly encoding: 'identity' | 'gzip' | 'zstd';
}

/** What a body may be, by its type without parameters. */
export const MEDIA_TYPES: Readonly<Record<string, Media['kind']>> = {
  'application/json': 'json',
  'application/x-ndjson': 'lines',
  'application/jsonl': 'lines',
};
const ENCODINGS = ['identity', 'gzip', 'zstd'] as const;

/** Letters of JSON are UTF-8 by its definition; a parameter that says something else would be overheard. */
const TYPE = /^([^\s;]+)[ \t]*(?:;[ \t]*charset="?utf-8"?[ \t]*)?$/i;

/**
 * Reads `content-type` and `content-encoding`.
 *
 * @throws Problem (415) for any other, with what is taken.
 */
export function mediaOf(type: string | undefined, coding: string | undefined): Media {
  const name = TYPE.exec(type ?? '')?.[1]?.toLowerCase() ?? '';
  const kind = Object.hasOwn(MEDIA_TYPES, name) ? MEDIA_TYPES[name] : undefined;
  const types = Object.keys(MEDIA_TYPES).join(', ');
  if (!kind)
    throw unsupported(`content-type ${types}, in UTF-8`, type, 'content-type: application/json', { accept: types });
  const encoding = ENCODINGS.find((each) => each === (coding ?? 'identity').trim().toLowerCase());
  if (!encoding) {
    const codings = ENCODINGS.join(', ');
    throw unsupported(`content-encoding ${codings}`, coding, 'content-encoding: gzip', { 'accept-encoding': codings });
  }
  return { kind, encoding };
}

const unsupported = (expected: string, got: string | undefined, fix: string, headers: Record<string, string>) =>
  new Problem({
    status: 415,
    code: 'media',
    title: 'a body of another kind',
    expected,
    got: got === undefined ? 'none' : named(got),
    fix,
    headers,
  });
