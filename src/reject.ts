import { createHash } from 'node:crypto';
import type { Message } from './custody.ts';

/** Why an event or a message could not be processed. The texts are stable: alerts and dashboards may rely on them. */
export const REJECT_REASONS = [
  'empty',
  'unknown-compression',
  'not-decompressible',
  'too-large',
  'not-utf8',
  'not-json',
  'forbidden-key',
  'unstorable-text',
  'schema',
  'no-id',
  'no-time',
  'in-future',
  'too-old',
  'id-conflict',
  'not-found', // `enrich`: the look-up answered that there is nothing under its key
  'callback',
  'unfoldable',
  'refused-by-store',
] as const;

export type RejectReason = (typeof REJECT_REASONS)[number];

/** An event or message that cannot be processed: kept with its body, its reason and where it came from. Never dropped. */
export interface Reject {
  readonly reason: RejectReason;
  /** What was expected and what came. */
  readonly detail: string;
  readonly stage: string;
  readonly message: Message;
  /** Its place in the message, from 0; -1 for a message as a whole. */
  readonly ordinal: number;
  /** Its place in the flush, from 0; -1 outside a transaction. */
  readonly position: number;
  /** The event's JSON as it arrived, or the message's body. */
  readonly body: string;
  /** What it is known by in whatever message it comes again; `undefined` where no event is named: by its place in its message. */
  readonly knownBy: string | undefined;
}

/** Names a reject: it is the same again when it is the same event's, or when its message is delivered again. */
export function rejectIdentity({ knownBy, message, ordinal }: Reject): string {
  if (knownBy !== undefined) return `event ${createHash('sha256').update(knownBy).digest('hex')}`;
  return `message ${message.source} ${message.id}#${ordinal}`;
}
