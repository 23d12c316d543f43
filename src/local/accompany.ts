import { messageOf } from '../errors.ts';
import type { Announcement, StartFailure } from './companion.ts';

/** Thrown by a companion whose start failed for a reason that the user can mend. */
export class CannotStart extends Error {
  readonly failure: StartFailure;
  constructor(failure: StartFailure) {
    super(failure.got);
    this.failure = failure;
  }
}

/** What runs in a companion: what to tell the parent, how to end it, and when it ended by itself. */
export interface Accompanied<Ready> {
  readonly ready: Ready;
  readonly ended?: Promise<unknown>;
  stop(): Promise<void>;
}

/** Starts what the process is for; `signal` fires when the parent is gone before it is ready. */
export type Start<Options> = (options: Options, signal: AbortSignal) => Promise<Accompanied<unknown>>;

/** The companion's side of `startCompanion`: runs `start` until the parent's end of the channel closes, then stops it and exits. */
export function accompany<Options>(start: Start<Options>): void {
  const parentGone = new AbortController();
  // The parent decides when we end: signals to its whole group (Ctrl-C, a closed terminal, a stopped container) are its to answer.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  // Our stderr is a pipe that the parent holds; once it is gone there is nobody to tell.
  process.stderr.on('error', () => undefined);
  process.once('disconnect', () => parentGone.abort());
  process.once('message', (message) => {
    const { options } = message as { readonly options: Options };
    void run(() => start(options, parentGone.signal), parentGone.signal).then((code) => process.exit(code));
  });
  if (!process.connected) process.exit(1);
}

async function run(start: () => Promise<Accompanied<unknown>>, parentGone: AbortSignal): Promise<number> {
  const asked = new Promise<void>((resolve) => {
    if (parentGone.aborted) resolve();
    parentGone.addEventListener('abort', () => resolve(), { once: true });
  });
  try {
    const running = await start();
    await announce({ ready: running.ready });
    await (running.ended === undefined ? asked : Promise.race([asked, running.ended]));
    await running.stop();
    return parentGone.aborted ? 0 : 1;
  } catch (error) {
    const failure =
      error instanceof CannotStart
        ? error.failure
        : { expected: 'it to start', got: messageOf(error), fix: 'the message says what is in its way' };
    await announce({ failed: failure });
    // Ending now could overtake the announcement; the parent lets go when it has read it.
    await asked;
    return 1;
  }
}

/** A message to a parent that has just died is no error. */
function announce(announcement: Announcement<unknown>): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected || process.send === undefined) resolve();
    else process.send(announcement, () => resolve());
  });
}
