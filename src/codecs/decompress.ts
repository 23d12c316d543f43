import { type Gunzip, gunzipSync, type ZstdDecompress, zstdDecompressSync } from 'node:zlib';
import { messageOf } from '../errors.ts';
import { Refusal } from './refusal.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** First base64 characters of a gzip member (1f 8b 08) and of a zstd frame (28 b5 2f fd). */
const MAGIC = { gzip: 'H4sI', zstd: 'KLUv/' } as const;

/** Line breaks aside, base64 of one whole: after padding nothing may follow, since whoever decodes stops there. */
const BASE64 = /^[A-Za-z0-9+/_\-\s]*={0,2}$/;

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
  if (!BASE64.test(body.trimEnd()))
    return new Refusal('not-decompressible', `expected base64 of ${kind}: other characters follow or lie in between`);
  const text = inflate(Buffer.from(body, 'base64'), kind, limit);
  return text instanceof Refusal && text.reason === 'not-decompressible'
    ? new Refusal(text.reason, `expected base64 of ${kind}: ${text.detail}`)
    : text;
}

/**
 * The text that bytes of gzip or zstd hold.
 *
 * @param limit largest decoded size in bytes: a bomb is refused before it is inflated.
 */
export function inflate(packed: Buffer, kind: 'gzip' | 'zstd', limit: number): string | Refusal {
  try {
    return textOf(whole(packed, kind, limit));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
      ? new Refusal('too-large', `decompresses from ${packed.length} to more than ${limit} bytes`)
      : new Refusal('not-decompressible', messageOf(error));
  }
}

/** The text of bytes that should be UTF-8, without a byte order mark. */
export function textOf(bytes: Uint8Array): string | Refusal {
  try {
    return utf8.decode(bytes);
  } catch {
    return new Refusal('not-utf8', `${bytes.length} bytes are not UTF-8`);
  }
}

/** All members or frames of it. Node's own functions ignore what they cannot read behind one of them: a loss without a word. Zeros pad a member of gzip. */
function whole(packed: Buffer, kind: 'gzip' | 'zstd', limit: number): Buffer {
  const unpack = kind === 'gzip' ? gunzipSync : zstdDecompressSync;
  const { buffer, engine } = unpack(packed, { maxOutputLength: limit, info: true }) as unknown as {
    readonly buffer: Buffer;
    readonly engine: Gunzip | ZstdDecompress;
  };
  const left = packed.subarray(engine.bytesWritten);
  const isPadding = kind === 'gzip' && left.every((byte) => byte === 0);
  if (left.length > 0 && !isPadding) throw new Error(`${left.length} bytes follow the last ${kind} that can be read`);
  return buffer;
}
