/** Longer than any process lives; the longest a timer can be set to. */
const FOREVER_MS = 2 ** 31 - 1;

/**
 * A signal that the first SIGINT or SIGTERM aborts; the second ends the process at once, which loses nothing either. The process stays alive
 * until `dispose()`: waiting for a signal alone would not keep it.
 */
export function onStop(): { readonly signal: AbortSignal; dispose(): void } {
  const controller = new AbortController();
  const alive = setInterval(() => undefined, FOREVER_MS);
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return {
    signal: controller.signal,
    dispose() {
      clearInterval(alive);
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
    },
  };
}
