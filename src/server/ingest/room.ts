/** Bytes that may be held at a time, of all requests together: what bounds memory, however many callers there are and however slow the queue is. */
export interface Room {
  /** Bytes. */
  readonly held: number;
  /** A request's share; `undefined` where there is no room for so many bytes. */
  take(bytes: number): Lease | undefined;
  /** Resolves when nothing is held. */
  empty(): Promise<void>;
}

/** What one request holds, until it ends. */
export interface Lease {
  /** Makes it so many bytes in all; `false` where there is no room for them: then it stays as it was. */
  resize(bytes: number): boolean;
  /** Gives it back; once is enough. */
  end(): void;
}

/** @param most bytes at a time. */
export function room(most: number): Room {
  let held = 0;
  let leases = 0;
  let waiting: (() => void)[] = [];
  return {
    get held() {
      return held;
    },
    take(bytes) {
      if (held + bytes > most) return undefined;
      let own = bytes;
      let ended = false;
      held += own;
      leases++;
      return {
        resize(to) {
          if (held - own + to > most) return false;
          held += to - own;
          own = to;
          return true;
        },
        end() {
          if (ended) return;
          ended = true;
          held -= own;
          if (--leases > 0) return;
          for (const resolve of waiting) resolve();
          waiting = [];
        },
      };
    },
    empty: () => (leases === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  };
}
