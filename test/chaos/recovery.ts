/** Durations in milliseconds, as a report gives them. */
export interface Durations {
  readonly n: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

/** How long it takes until the work goes on after a fault. */
export interface Recovery {
  /** A worker that was given these messages died. */
  died(held: Iterable<number>): void;
  /** The guard has seen all that the message carries in the database. */
  safe(serial: number): void;
  postgresDown(): void;
  postgresUp(): void;
  committed(): void;
  readonly postgresIsUp: boolean;
  /** Milliseconds without a commit while Postgres was up, until now. */
  idle(): number;
  /** The longest gap between two commits, outages included. */
  readonly longestGap: number;
  afterKill(): Durations;
  afterRestart(): Durations;
}

interface Kill {
  readonly at: number;
  left: number;
}

export function recovery(now: () => number): Recovery {
  const kills = new Map<number, Kill[]>();
  const afterKill: number[] = [];
  const afterRestart: number[] = [];
  let down = false;
  let upSince: number | undefined;
  let lastCommit = now();
  let idleSince = now();
  let longestGap = 0;
  return {
    died(held) {
      const serials = [...held];
      const kill = { at: now(), left: serials.length };
      for (const serial of serials) kills.set(serial, [...(kills.get(serial) ?? []), kill]);
    },
    safe(serial) {
      for (const kill of kills.get(serial) ?? []) if (--kill.left === 0) afterKill.push(now() - kill.at);
      kills.delete(serial);
    },
    postgresDown: () => void (down = true),
    postgresUp() {
      down = false;
      upSince = idleSince = now();
    },
    committed() {
      const at = now();
      if (upSince !== undefined && !down) {
        afterRestart.push(at - upSince);
        upSince = undefined;
      }
      longestGap = Math.max(longestGap, at - lastCommit);
      lastCommit = idleSince = at;
    },
    get postgresIsUp() {
      return !down;
    },
    idle: () => (down ? 0 : now() - idleSince),
    get longestGap() {
      return longestGap;
    },
    afterKill: () => durations(afterKill),
    afterRestart: () => durations(afterRestart),
  };
}

function durations(all: readonly number[]): Durations {
  const sorted = [...all].sort((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { n: sorted.length, p50: at(0.5), p95: at(0.95), max: at(1) };
}
