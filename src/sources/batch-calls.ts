import type { Clock } from '../clock.ts';

/** Collects single items into calls of up to `size`. */
export interface BatchCalls<T> {
  readonly add: (item: T) => void;
  /** Sends what waits without lingering. */
  readonly flush: () => void;
}

/**
 * Calls `call` with up to `size` items at once and at most `parallel` calls under way; an item waits at most `lingerMs` for company.
 * While calls are under way the others gather, so that a backlog always goes out in full calls.
 *
 * @param call must not reject: it owns its failures.
 */
export function batchCalls<T>(options: {
  readonly size: number;
  readonly lingerMs: number;
  readonly parallel: number;
  readonly clock: Clock;
  readonly call: (items: readonly T[]) => Promise<void>;
}): BatchCalls<T> {
  const { size, lingerMs, parallel, clock, call } = options;
  const waiting: T[] = [];
  let underWay = 0;
  let due = false;
  let cancel: (() => void) | undefined;

  function send(): void {
    const least = due ? 1 : size;
    while (underWay < parallel && waiting.length >= least) {
      underWay += 1;
      void call(waiting.splice(0, size)).finally(() => {
        underWay -= 1;
        send();
      });
    }
    if (waiting.length === 0) due = false;
    else if (!due && waiting.length < size) cancel ??= clock.after(lingerMs, flush);
  }

  function flush(): void {
    cancel?.();
    cancel = undefined;
    due = waiting.length > 0;
    send();
  }

  return {
    add(item) {
      waiting.push(item);
      if (waiting.length >= size || !cancel) send();
    },
    flush,
  };
}
