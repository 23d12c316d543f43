import type { Batch, Entry } from '../batch.ts';
import { mark } from '../batch.ts';
import type { Reject } from '../reject.ts';
import { refuse } from './refuse.ts';

/**
 * Rebuilds a batch event by event: `step` adds what becomes of one event to `into`. An error that an author's callback throws makes its event a
 * reject of `stage`; the others go on.
 */
export function eachEvent<T, U, F extends boolean>(
  batch: Batch<T, F>,
  stage: string,
  step: (entry: Entry<T>, into: Entry<U>[]) => void,
): { readonly entries: Entry<U>[]; readonly rejects: readonly Reject[] } {
  mark(batch.messages, stage);
  const entries: Entry<U>[] = [];
  let failed: Reject[] | undefined;
  for (const entry of batch.entries) {
    try {
      step(entry, entries);
    } catch (error) {
      (failed ??= []).push(refuse(entry, stage, 'callback', error));
    }
  }
  return { entries, rejects: failed ? [...batch.rejects, ...failed] : batch.rejects };
}
