import { Worker } from 'node:worker_threads';

/** Ends the process when the main thread stops counting: an input that never ends cannot be told of by the thread that it holds. */
export interface Watchdog {
  /** The main thread is alive, and this is what it works at. */
  alive(seed: number): void;
  stop(): Promise<number>;
}

/** A case takes a fraction of a second; one that takes this long does not end. */
const PATIENCE_MS = 60_000;

const TEXT = `
const { workerData } = require('node:worker_threads');
const shared = new Float64Array(workerData.shared);
let last = -1;
setInterval(() => {
  if (shared[0] === last) {
    process._rawDebug('HANG: case seed ' + shared[1] + ' did not end');
    process.kill(process.pid, 'SIGABRT');
  }
  last = shared[0];
}, workerData.patienceMs);
`;

export function watchdog(): Watchdog {
  const shared = new SharedArrayBuffer(16);
  const view = new Float64Array(shared);
  const worker = new Worker(TEXT, { eval: true, workerData: { shared, patienceMs: PATIENCE_MS } });
  worker.unref();
  return {
    alive(seed) {
      view[0] = (view[0] ?? 0) + 1;
      view[1] = seed;
    },
    stop: () => worker.terminate(),
  };
}
