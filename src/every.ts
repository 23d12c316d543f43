import type { Clock } from './clock.ts';

/** Runs `task` every `ms` until the returned function is called; the next turn is counted from the end of the last. */
export function every(ms: number, clock: Clock, task: () => void): () => void {
  let cancel = () => {};
  const arm = () => {
    cancel = clock.after(ms, () => {
      task();
      if (!over) arm();
    });
  };
  let over = false;
  arm();
  return () => {
    over = true;
    cancel();
  };
}
