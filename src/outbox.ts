import type { FinalWindow } from './final-window.ts';
import type { Fold } from './store.ts';
import type { OverBranch, SinkBranch } from './when-final.ts';

/** Deliveries that one process took, to send them. */
export interface Claim {
  /** Tells this claim from every other. */
  readonly token: string;
  readonly items: readonly ClaimedWindow[];
}

export interface ClaimedWindow {
  readonly window: FinalWindow;
  /** Names window table and key. */
  readonly line: string;
}

/**
 * Final windows that are to leave the database: written in the statement that makes them final, deleted once they arrived.
 *
 * Delivery: at least once. What a process took and did not settle comes back when its lease ends.
 */
export interface Outbox {
  /** Takes up to `most` of a branch that are due; nobody else gets them for `leaseMs`. */
  claim(branch: SinkBranch | OverBranch, most: number, leaseMs: number): Promise<Claim>;
  /** They arrived, or need not be sent. */
  done(branch: SinkBranch, deliveries: readonly string[]): Promise<void>;
  /** They did not arrive: they are due again after a pause that grows with each attempt. */
  failed(branch: SinkBranch | OverBranch, claim: Claim, deliveries: readonly string[], why: string): Promise<void>;
  /** Folds claimed windows into a table over them: exactly once, in the step that takes them out of the outbox. `fold` knows them by their position. */
  take(branch: OverBranch, claim: Claim, fold: Fold): Promise<void>;
  /** The branch takes deliveries again, after `downMs` in which it took none: what failed only within that time is due at once, and waits for no pause. */
  wake(branch: SinkBranch, downMs: number): Promise<void>;
}

/** Of stores that deliver nothing. */
export const NO_OUTBOX: Outbox = {
  claim: async () => ({ token: '', items: [] }),
  done: async () => undefined,
  failed: async () => undefined,
  take: async () => undefined,
  wake: async () => undefined,
};
