import type { Reservation } from './credit.ts';

/** One receive loop of a source. */
export interface Poller {
  /** The first one: polls for as long as the source runs. The others come and go with the load. */
  readonly primary: boolean;
  replaced: boolean;
  /** Time to leave between the start of any other receive and its next one: none while messages come. */
  restMs: number;
  /** When its last receive started. */
  startedAt: number;
  /** The receive under way. */
  poll: { readonly overdueAt: number; readonly abort: AbortController; readonly reservation: Reservation } | undefined;
}

/** When a poller may start its next receive. */
export function restedAt({ restMs }: Poller, running: Iterable<Poller>): number {
  if (restMs === 0) return 0;
  let latest = 0;
  for (const { startedAt } of running) latest = Math.max(latest, startedAt);
  return latest + restMs;
}

/** Whether all other receives under way began later than the poller's last: none of them can have been handed what it did not find. */
export function isFirst(poller: Poller, running: Iterable<Poller>): boolean {
  for (const other of running) if (other !== poller && other.poll && other.startedAt <= poller.startedAt) return false;
  return true;
}
