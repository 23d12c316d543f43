/** One record of a message, as text. */
export interface FuzzRecord {
  readonly text: string;
  /** The id of a good event that was put there on purpose: it must be committed, whatever stands beside it. */
  readonly planted?: string;
}

export type Wrap = 'single' | 'array' | 'lines';
export type Envelope = 'none' | 'sns' | 'bridge';
export type Packing = 'none' | 'gzip' | 'zstd';

/** What was done to a finished body; such a message holds nothing planted. */
export type Damage =
  /** The second of two compressed members is spoilt, the first is whole. */
  | { readonly kind: 'member' }
  /** Bytes follow the last member. */
  | { readonly kind: 'tail' }
  /** Two base64 texts, each with its padding, one after the other. */
  | { readonly kind: 'padding' }
  /** A content-encoding that the body has not. */
  | { readonly kind: 'encoding'; readonly encoding: string }
  /** The text is cut, or a character of it replaced, at this share of its length. */
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'flip'; readonly at: number; readonly text: string }
  /** It decompresses to bytes that are no text. */
  | { readonly kind: 'bytes' }
  /** It decompresses to more than the limit. */
  | { readonly kind: 'bomb' };

/** A message as plain data, so that it can be shrunk and printed. */
export interface FuzzMessage {
  readonly records: readonly FuzzRecord[];
  readonly wrap: Wrap;
  /** Stands between records that are lines or elements. */
  readonly between: string;
  readonly envelope: Envelope;
  readonly packing: Packing;
  /** Whether an attribute tells the packing; otherwise the first bytes do. */
  readonly told: boolean;
  /** How many compressed members one after the other hold the body. */
  readonly members: 1 | 2;
  /** Attributes that mean nothing to the engine. */
  readonly extra?: Readonly<Record<string, string>>;
  readonly damage?: Damage;
}

/** Messages that go through one pipeline together. */
export interface FuzzCase {
  readonly subject: string;
  readonly messages: readonly FuzzMessage[];
}

/** The largest decoded size that the subjects accept, in bytes. */
export const MAX_BYTES = 65_536;

/** The most records that the subjects take from a message. */
export const MAX_RECORDS = 30;
