import { map, type OperatorFunction } from 'rxjs';
import type { Committed, Receipt } from '../pipeline.ts';

/**
 * Ends custody: every message of a committed batch is deleted from its queue. Takes committed batches only, so nothing can be deleted before it
 * is in the store.
 *
 * Delivery: a delete that is lost brings the message again; its events are then there already.
 */
export function acknowledge(): OperatorFunction<Committed, Receipt> {
  return map(({ messages, counts }) => {
    for (const message of messages) message.custody.acknowledge();
    return { acknowledged: messages.length, counts };
  });
}
