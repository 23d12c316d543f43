import { StoreError } from '../errors.ts';
import type { Source } from '../source.ts';
import type { Store } from '../store.ts';

/** How many flushes must fail in a row before the source stops asking for messages. One alone may be a deadlock or a lost connection. */
const FAILURES = 2;

/**
 * A store that stops its source from receiving while it is down, and lets it go on with the first flush that succeeds. What is held stays held:
 * nothing is received only to be released, which would push healthy messages into a dead-letter queue. The transaction's own retries are the
 * probes, so no timer is needed.
 */
export function breaker(
  store: Store,
  source: Source,
  onChange: (open: boolean, cause?: StoreError) => void = () => undefined,
): Store {
  let failures = 0;
  let open = false;
  const change = (next: boolean, cause?: StoreError): void => {
    if (open === next) return;
    open = next;
    if (open) source.pause();
    else source.resume();
    onChange(open, cause);
  };
  return {
    prepare: (describe, rehearsal) => store.prepare(describe, rehearsal),
    horizon: () => store.horizon(),
    // A read: its success says nothing of whether flushes succeed, and a source that waits would wait for another one in vain.
    compare: (entries) => store.compare(entries),
    time: store.time,
    async commit(flush) {
      try {
        const outcome = await store.commit(flush);
        failures = 0;
        change(false);
        return outcome;
      } catch (error) {
        if (
          error instanceof StoreError &&
          (error.failure === 'retry' || error.failure === 'slow') &&
          ++failures >= FAILURES
        )
          change(true, error);
        throw error;
      }
    },
  };
}
