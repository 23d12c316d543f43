import type { HonoRequest } from 'hono';
import { inflate, textOf } from '../../codecs/decompress.ts';
import { Refusal } from '../../codecs/refusal.ts';
import { Problem } from '../problem.ts';
import type { Media } from './media.ts';
import { badBody, busy, tooLarge } from './problems.ts';
import type { Lease, Room } from './room.ts';

/** How large a body may be. */
export interface BodyLimits {
  /** Bytes as they come. */
  readonly maxBytes: number;
  /** Bytes once they are decompressed. */
  readonly maxDecodedBytes: number;
}

/**
 * A share of the room for a request's body, by the length that it tells.
 *
 * @throws Problem where it is too large (413), or there is no room for it now (429): before any of it is read.
 */
export function leaseFor(length: string | undefined, { maxBytes }: BodyLimits, room: Room): Lease {
  const bytes = /^\d+$/.test(length ?? '') ? Number(length) : 0;
  if (bytes > maxBytes) throw tooLarge(`at most ${maxBytes} bytes`, `${bytes}`);
  const lease = room.take(bytes);
  if (!lease) throw busy();
  return lease;
}

/**
 * The text of a body, decompressed; the lease grows with what there is.
 *
 * @throws Problem where it is too large (413), there is no room for it (429), or it cannot be read (400).
 */
export async function readBody(
  request: HonoRequest,
  { encoding }: Media,
  { maxBytes, maxDecodedBytes }: BodyLimits,
  lease: Lease,
): Promise<string> {
  const hold = (bytes: number): void => {
    if (bytes > maxBytes) throw tooLarge(`at most ${maxBytes} bytes`, 'more');
    if (!lease.resize(bytes)) throw busy();
  };
  const bytes = await bytesOf(request, hold);
  const text = encoding === 'identity' ? textOf(bytes) : inflate(bytes, encoding, maxDecodedBytes);
  if (!(text instanceof Refusal)) return text;
  if (text.reason === 'too-large') throw tooLarge(`at most ${maxDecodedBytes} bytes, decompressed`, text.detail);
  throw badBody(encoding === 'identity' ? 'UTF-8' : `${encoding} of UTF-8`, text.detail, 'send it as it says it is');
}

/** Whole where its length is known, which the HTTP parser holds it to; otherwise piece by piece. */
async function bytesOf(request: HonoRequest, hold: (bytes: number) => void): Promise<Buffer> {
  try {
    if (request.header('content-length') !== undefined) {
      const whole = Buffer.from(await request.arrayBuffer());
      hold(whole.length);
      return whole;
    }
    const pieces: Uint8Array[] = [];
    let size = 0;
    for await (const piece of request.raw.body ?? []) {
      hold((size += piece.length));
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw badBody('all of the body', 'a part of it', 'send it again');
  }
}
