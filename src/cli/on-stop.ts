/** What a person or a scheduler asks of this process. */
export interface Stop {
  /** Aborted by the first SIGINT or SIGTERM; the second ends the process at once, which loses nothing either. */
  readonly signal: AbortSignal;
  /** Resolves when a stop is asked for; keeps the process alive until then or until `dispose()`. */
  asked(): Promise<void>;
  dispose(): void;
}

/** The longest a timer can be set to. */
const FOREVER_MS = 2 ** 31 - 1;

/** Listens for SIGINT and SIGTERM until `dispose()`. */
export function onStop(): Stop {
  const controller = new AbortController();
  const { signal } = controller;
  let alive: NodeJS.Timeout | undefined;
  const stop = (): void => {
    if (signal.aborted) process.exit(130);
    controller.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return {
    signal,
    asked: () =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        // Waiting for a signal alone does not keep a process alive.
        alive ??= setInterval(() => undefined, FOREVER_MS);
        signal.addEventListener('abort', () => resolve(), { once: true });
      }),
    dispose() {
      clearInterval(alive);
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
    },
  };
}
