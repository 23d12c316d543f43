import { setTimeout as wait } from 'node:timers/promises';
import type { Source } from '../source.ts';

const ASK_MS = 250;

/** Resolves once the queue is empty and nothing is held, or when `stopped` is aborted. */
export async function untilDrained(source: Source, stopped: AbortSignal): Promise<void> {
  while (!stopped.aborted && !(await source.isEmpty())) {
    await wait(ASK_MS, undefined, { signal: stopped }).catch(() => undefined);
  }
}
