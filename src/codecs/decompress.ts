import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { messageOf } from '../errors.ts';
import { Refusal } from './refusal.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** First base64 characters of a gzip member (1f 8b 08) and of a zstd frame (28 b5 2f fd). */
const MAGIC = { gzip: 'H4sI', zstd: 'KLUv/' } as const;

/**
 * The text of a message body: as it is, or base64 of gzip or zstd, told by the attribute `content-encoding` or by the body's first bytes.
 *
 * @param limit largest decoded size in bytes: a bomb is refused before it is inflated.
 */
export function decompress(body: string, encoding: string | undefined, limit: number): string | Refusal {
  const kind =
    encoding?.toLowerCase() ?? (body.startsWith(MAGIC.gzip) ? 'gzip' : body.startsWith(MAGIC.zstd) ? 'zstd' : 'none');
  if (kind === 'none' || kind === 'identity' || kind === '') return body;
  if (kind !== 'gzip' && kind !== 'zstd') {
    return new Refusal('unknown-compression', `expected content-encoding none, gzip or zstd; got '${kind}'`);
  }
  const packed = Buffer.from(body, 'base64');
  let bytes: Buffer;
  try {
    bytes = (kind === 'gzip' ? gunzipSync : zstdDecompressSync)(packed, { maxOutputLength: limit });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      return new Refusal('too-large', `decompresses from ${packed.length} to more than ${limit} bytes`);
    }
    return new Refusal('not-decompressible', `expected base64 of ${kind}: ${messageOf(error)}`);
  }
  try {
    return utf8.decode(bytes);
  } catch {
    return new Refusal('not-utf8', `${bytes.length} decompressed bytes are not UTF-8`);
  }
}
