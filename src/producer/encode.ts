import { promisify } from 'node:util';
import { gzip, zstdCompress } from 'node:zlib';
import type { MessageAttributeValue } from '@aws-sdk/client-sqs';
import { SourceError } from '../errors.ts';
import { bodyOf } from './pack.ts';
import type { RawBody } from './raw-body.ts';

export type Compression = 'none' | 'gzip' | 'zstd';

/** A message as SQS takes it. */
export interface Outgoing {
  readonly body: string;
  readonly attributes: Record<string, MessageAttributeValue> | undefined;
  /** What SQS counts: the body and each attribute's name, type and value. */
  readonly bytes: number;
  readonly events: number;
}

/** The most that SQS takes for a message, and for a batch of messages, attributes included. */
export const SQS_MAX_BYTES = 1_048_576;

const ATTRIBUTE = 'content-encoding';

/** What the attribute that names the compression adds to a message's size. */
export const attributeBytes = (compression: Compression): number =>
  compression === 'none' ? 0 : ATTRIBUTE.length + 'String'.length + compression.length;

const compressors = { gzip: promisify(gzip), zstd: promisify(zstdCompress) };

/**
 * The messages of a pack: normally one. A pack that does not compress to `maxBytes` (base64 adds a third) is split in halves; an event that
 * does not even by itself goes uncompressed if that fits.
 *
 * @throws SourceError `too-large`, with the size, when a single event fits neither way. The siblings of such an event must be sent apart.
 */
export async function encodePack(
  events: readonly string[],
  compression: Compression,
  maxBytes = SQS_MAX_BYTES,
): Promise<readonly Outgoing[]> {
  const body = bodyOf(events);
  if (compression === 'none') return [plain(body, events.length, maxBytes)];
  const message = await compressed(Buffer.from(body), events.length, compression);
  if (message.bytes <= maxBytes) return [message];
  if (events.length === 1) return [plain(body, 1, maxBytes, message.bytes)];
  const middle = Math.ceil(events.length / 2);
  return [
    ...(await encodePack(events.slice(0, middle), compression, maxBytes)),
    ...(await encodePack(events.slice(middle), compression, maxBytes)),
  ];
}

/** A message whose bytes arrive as they are: in the open where every queue takes them, otherwise compressed. */
export async function encodeRaw(
  { bytes }: RawBody,
  compression: Compression,
  maxBytes = SQS_MAX_BYTES,
): Promise<Outgoing> {
  const text = Buffer.from(bytes).toString('latin1');
  if (compression === 'none' && bytes.length <= maxBytes && /^[\t\n\r\x20-\x7e]+$/.test(text))
    return plain(text, 1, maxBytes);
  const message = await compressed(bytes, 1, compression === 'none' ? 'gzip' : compression);
  if (message.bytes > maxBytes) throw tooLarge(bytes.length, maxBytes, message.bytes);
  return message;
}

/** A message of one pack, uncompressed. */
export function plain(body: string, events: number, maxBytes: number, compressedTo?: number): Outgoing {
  if (body.length > maxBytes) throw tooLarge(body.length, maxBytes, compressedTo);
  return { body, attributes: undefined, bytes: body.length, events };
}

async function compressed(content: Uint8Array, events: number, compression: 'gzip' | 'zstd'): Promise<Outgoing> {
  const body = (await compressors[compression](content)).toString('base64');
  return {
    body,
    attributes: { [ATTRIBUTE]: { DataType: 'String', StringValue: compression } },
    bytes: body.length + attributeBytes(compression),
    events,
  };
}

const tooLarge = (bytes: number, maxBytes: number, compressedTo: number | undefined): SourceError =>
  new SourceError(
    'too-large',
    `an event of ${bytes} bytes${compressedTo === undefined ? '' : ` (${compressedTo} compressed)`} is not sent: ` +
      `a message of this queue takes ${maxBytes} bytes. Fix: ${
        compressedTo === undefined ? 'send it with compression, or ' : ''
      }keep the bulk elsewhere and send a reference`,
  );
