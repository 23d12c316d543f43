import type { Entry } from '../batch.ts';
import { messageOf } from '../errors.ts';
import type { Reject, RejectReason } from '../reject.ts';

/**
 * The reject that an event becomes. Its body is the event as it arrived, whatever operators made of it: that is what can be sent again. It is known by
 * its id and time too, since the children of one event have one body.
 */
export function refuse(entry: Entry<unknown>, stage: string, reason: RejectReason, cause: unknown): Reject {
  const { message, ordinal, position, raw, id, time } = entry;
  const knownBy = `${time} ${id} ${raw}`;
  return { reason, detail: messageOf(cause), stage, message, ordinal, position, body: raw, knownBy };
}
