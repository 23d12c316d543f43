import { map, type OperatorFunction } from 'rxjs';
import type { Batch, Entry } from '../batch.ts';
import type { Decoder } from '../codecs/json.ts';
import type { Delivery } from '../custody.ts';
import type { Reject } from '../reject.ts';

/**
 * Makes a batch of events of each delivery. What cannot be decoded rides along as a reject with its reason; its siblings go on.
 *
 * Delivery: nothing is dropped; custody passes to the batch.
 *
 * @example
 * messages.pipe(decode(json(shopEvents)))
 */
export function decode<T>(decoder: Decoder<T>): OperatorFunction<Delivery, Batch<T>> {
  return map((messages) => {
    const entries: Entry<T>[] = [];
    const rejects: Reject[] = [];
    for (const message of messages) {
      message.custody.at('decode');
      decoder.decode(message, entries, rejects);
    }
    return { entries, rejects, messages, filtered: 0 };
  });
}
