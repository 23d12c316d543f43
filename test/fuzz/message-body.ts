import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type FuzzMessage, MAX_BYTES, MAX_RECORDS } from './fuzz-case.ts';
import { isContained } from './is-contained.ts';

/** A message as it is sent, and what a simple reading of it expects. */
export interface SentMessage {
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** How many records it may be taken for; `undefined`: it is not well-formed, and one or more will do. */
  readonly expected: readonly number[] | undefined;
  /** Ids of good events that must be committed. */
  readonly planted: readonly string[];
}

const compress = { gzip: gzipSync, zstd: zstdCompressSync } as const;

/** Builds the body of a message. */
export function messageBody(message: FuzzMessage): SentMessage {
  const { records, damage } = message;
  const text = textOf(message);
  const found = countOf(message, text);
  const counted = found !== undefined && isTooMany(message, found, text) ? 1 : found;
  const bare = packed(message, text);
  const whole = { ...bare, attributes: { ...message.extra, ...bare.attributes } };
  const planted = records.flatMap((record) => record.planted ?? []);
  if (!damage)
    return {
      ...whole,
      expected: counted === undefined ? undefined : [counted],
      planted: counted === records.length ? planted : [],
    };
  return { ...damaged(message, text, whole), planted: [] };
}

function textOf({ records, wrap, between, envelope }: FuzzMessage): string {
  const texts = records.map(({ text }) => text);
  const joined = wrap === 'array' ? `[${texts.join(`${between},`)}]` : texts.join(between);
  return envelope === 'bridge'
    ? `{"version":"0","id":"x","detail-type":"Order","source":"shop","time":"2026-01-01T00:00:00Z","detail":${joined}}`
    : joined;
}

/** How many records are there, known from how they were put together; the engine's own reading has no part in it. */
function countOf({ records, wrap, envelope }: FuzzMessage, text: string): number | undefined {
  if (records.length === 1 && (wrap !== 'array' || records[0]?.text.trim() === ''))
    return countOfOne(text, envelope, records[0]?.text ?? '');
  if (wrap === 'array')
    return records.every((record) => isContained(record.text)) && envelopeFits(envelope, records)
      ? records.length
      : undefined;
  // Lines that are one value together, printed over several of them.
  if (envelope === 'none' && valueOf(text)) return countOfOne(text, envelope, text);
  const [first, ...others] = records.map((record) => record.text.trim());
  // What begins like an array is one, unless it ends before the text does and objects follow.
  const begins = first?.startsWith('[') === true;
  if (begins && !(valueOf(first) && others.some((line) => valueOf(line) && line.startsWith('{')))) return undefined;
  return records.every(({ text }) => !text.includes('\n') && text.trim() !== '') ? records.length : undefined;
}

/** Too many records are one reject, and so are lines beyond twice as many, blank ones included. */
const isTooMany = ({ wrap }: FuzzMessage, found: number, text: string): boolean =>
  found > MAX_RECORDS || (wrap === 'lines' && found > 1 && text.trim().split('\n').length > 2 * MAX_RECORDS);

/** Inside an envelope one record that is no JSON spoils the envelope itself. */
const envelopeFits = (envelope: FuzzMessage['envelope'], records: FuzzMessage['records']): boolean =>
  envelope !== 'bridge' || records.every(({ text }) => valueOf(text) !== undefined);

function countOfOne(text: string, envelope: FuzzMessage['envelope'], record: string): number | undefined {
  const value = valueOf(envelope === 'bridge' ? record : text);
  if (value !== undefined) return Array.isArray(value.value) ? Math.max(1, value.value.length) : 1;
  return envelope === 'none' && !text.includes('\n') && !text.trimStart().startsWith('[') ? 1 : undefined;
}

function valueOf(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

type Whole = Pick<SentMessage, 'body' | 'attributes'>;

function packed(message: FuzzMessage, text: string): Whole {
  const { packing, told, envelope } = message;
  const fits = packing !== 'none' && Buffer.byteLength(text) < MAX_BYTES;
  const body = fits ? bytesOf(message, text).toString('base64') : text;
  const encoding = fits && told ? packing : undefined;
  if (envelope !== 'sns') return { body, attributes: encoding ? { 'content-encoding': encoding } : {} };
  const MessageAttributes = encoding ? { 'content-encoding': { Type: 'String', Value: encoding } } : {};
  const outer = { Type: 'Notification', MessageId: 'x', TopicArn: 'arn:aws:sns:x', Message: body, MessageAttributes };
  return { body: JSON.stringify(outer), attributes: {} };
}

/** One member, or two that split the text somewhere. */
function bytesOf({ packing, members }: FuzzMessage, text: string): Buffer {
  const squeeze = compress[packing === 'gzip' ? 'gzip' : 'zstd'];
  if (members === 1) return squeeze(text);
  const bytes = Buffer.from(text);
  const middle = bytes.length >> 1;
  return Buffer.concat([squeeze(bytes.subarray(0, middle)), squeeze(bytes.subarray(middle))]);
}

/** What is spoilt must be refused whole, or read whole: never in part. */
function damaged(message: FuzzMessage, text: string, whole: Whole): Omit<SentMessage, 'planted'> {
  const damage = message.damage as NonNullable<FuzzMessage['damage']>;
  const packing = message.packing === 'none' ? 'gzip' : message.packing;
  const squeeze = compress[packing];
  const attributes = { 'content-encoding': packing };
  const plain = textOf({ ...message, envelope: 'none' });
  const plainCount = countOf({ ...message, envelope: 'none' }, plain);
  const both = plainCount === undefined ? undefined : [1, Math.min(plainCount, MAX_RECORDS)];
  switch (damage.kind) {
    case 'member': {
      const second = squeeze(`\n${plain}`);
      second[0] = (second[0] ?? 0) ^ 1;
      return { body: Buffer.concat([squeeze(plain), second]).toString('base64'), attributes, expected: [1] };
    }
    case 'tail':
      return {
        body: Buffer.concat([squeeze(plain), Buffer.from('garbage')]).toString('base64'),
        attributes,
        expected: both,
      };
    case 'padding': {
      const first = squeeze(plain).toString('base64');
      const second = squeeze(`\n${plain}`).toString('base64');
      // Without padding in between they are one text, and both are read.
      return { body: first + second, attributes, expected: first.endsWith('=') ? [1] : undefined };
    }
    case 'encoding':
      return { body: whole.body, attributes: { 'content-encoding': damage.encoding }, expected: undefined };
    case 'cut':
      return { ...whole, body: whole.body.slice(0, whole.body.length * damage.at), expected: undefined };
    case 'flip': {
      const at = Math.floor(whole.body.length * damage.at);
      return { ...whole, body: whole.body.slice(0, at) + damage.text + whole.body.slice(at + 1), expected: undefined };
    }
    case 'bytes':
      return { body: squeeze(Buffer.from([0x22, 0xff, 0xfe, 0x22])).toString('base64'), attributes, expected: [1] };
    case 'bomb':
      break;
  }
  return { body: squeeze(' '.repeat(MAX_BYTES + 1) + text).toString('base64'), attributes, expected: [1] };
}
