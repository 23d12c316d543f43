import type { Entry } from '../batch.ts';
import { messageOf } from '../errors.ts';
import type { Reject, RejectReason } from '../reject.ts';

/** The reject that an event becomes. Its body is its JSON, as far as it still has one. */
export function refuse(entry: Entry<unknown>, stage: string, reason: RejectReason, cause: unknown): Reject {
  const { message, ordinal, position } = entry;
  return { reason, detail: messageOf(cause), stage, message, ordinal, position, body: bodyOf(entry), identified: true };
}

function bodyOf(entry: Entry<unknown>): string {
  try {
    return jsonOf(entry);
  } catch {
    return entry.message.body;
  }
}

/** An event as JSON: as it arrived, or as an operator left it. Throws where it has none (a cycle, a bigint, too deep). */
export function jsonOf(entry: Entry<unknown>): string {
  return entry.json ?? JSON.stringify(entry.value) ?? 'null';
}
