import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What cannot be seen of a process from outside. */
export interface Probed {
  /** What lives after a collection. */
  readonly heapMb: number;
  /** Sockets, timers and requests that the event loop knows. */
  readonly resources: number;
  /** Listeners of the process itself. */
  readonly listeners: number;
}

// Loaded into a worker beside its own code; it answers whoever asks, and keeps nothing alive.
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
/** A collection at each look would itself keep the memory down. */
const LOOKS_A_COLLECTION = 6;
let looks = 0;
let heapMb = Number.NaN;

process.on('message', () => {
  if (looks++ % LOOKS_A_COLLECTION === 0) {
    collect();
    heapMb = process.memoryUsage().heapUsed / 2 ** 20;
  }
  process.send?.({
    heapMb,
    resources: process.getActiveResourcesInfo().length,
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
  } satisfies Probed);
});
process.channel?.unref();
