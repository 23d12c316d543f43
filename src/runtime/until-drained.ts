import { setTimeout as wait } from 'node:timers/promises';
import type { Source } from '../source.ts';

const ASK_MS = 250;

/**
 * Resolves once the queue is empty and nothing is held, or when `stopped` is aborted. A queue that cannot be asked is asked again.
 *
 * @example
 * await untilDrained(source);
 * await worker.stop(1_000);
 */
export async function untilDrained(source: Source, stopped?: AbortSignal): Promise<void> {
  while (!stopped?.aborted && !(await source.isEmpty().catch(() => false))) {
    await wait(ASK_MS, undefined, stopped ? { signal: stopped } : {}).catch(() => undefined);
  }
}
