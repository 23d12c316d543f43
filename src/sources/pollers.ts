import type { Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import { pollDelay } from './backoff.ts';
import type { Bell } from './bell.ts';
import type { Credit, Reservation } from './credit.ts';
import type { SourceWarning } from './pull-options.ts';
import type { Arrival, Queue } from './queue.ts';

/** The receive loops of one source. */
export interface Pollers {
  readonly start: () => void;
  /** No new receives; those under way may end, since a message handed to an aborted one is stranded for its visibility timeout. */
  readonly stop: () => void;
  readonly pause: () => void;
  readonly resume: () => void;
  /** Call once a second: replaces a poller whose receive does not end. */
  readonly watch: () => void;
  /** Polls wait one second only, for as long as someone keeps asking whether the queue is empty. */
  readonly hurry: () => void;
}

interface Poller {
  /** The first one: polls for as long as the source runs. The others come and go with the load. */
  readonly primary: boolean;
  replaced: boolean;
  /** The receive under way. */
  poll: { readonly overdueAt: number; readonly abort: AbortController; readonly reservation: Reservation } | undefined;
}

/** Beyond its wait a receive may take this long: longer than the client's own timeout, which should have ended it. */
const STUCK_AFTER_MS = 15_000;
/** Beyond its wait a receive may take this long once the source stops. */
const ABORT_AFTER_MS = 5_000;
const HURRY_MS = 5_000;
/** A queue that says "nothing" without waiting for anything is not asked again at once: that would be a hot loop. */
const HASTY_PAUSE_MS = 100;

/**
 * One long poll while the queue is idle, up to `maxPollers` receives while they come back full: each full one adds a poller, each that is less
 * than half full takes one away. A receive starts only with credit reserved. After an error there is one poller again, and it waits, ever longer.
 *
 * A loop ends by `stop`, by being surplus, or by being replaced; whatever is thrown inside it is a failed poll and nothing more.
 */
export function pollers(options: {
  readonly queue: Queue;
  readonly clock: Clock;
  readonly random: () => number;
  readonly credit: Credit;
  /** Rung when credit returned. */
  readonly changed: Bell;
  readonly maxPollers: number;
  readonly waitSeconds: number;
  readonly deliver: (arrivals: readonly Arrival[]) => void;
  readonly warn: (kind: SourceWarning, detail: string) => void;
  /** Called once after `stop`, when no loop is left. */
  readonly onEnd: () => void;
}): Pollers {
  const { queue, clock, random, credit, changed, maxPollers, waitSeconds, deliver, warn, onEnd } = options;
  const running = new Set<Poller>();
  let wanted = 1;
  let stopping = false;
  let paused = false;
  let failures = 0;
  let notBefore = 0;
  let hurryUntil = 0;
  let cancelAbort: (() => void) | undefined;

  const isOver = (poller: Poller) =>
    stopping || poller.replaced || (!poller.primary && (running.size > wanted || !credit.hasRoom()));

  function spawn(primary: boolean): void {
    const poller: Poller = { primary, replaced: false, poll: undefined };
    running.add(poller);
    void loop(poller);
  }

  async function loop(poller: Poller): Promise<void> {
    while (!isOver(poller)) {
      try {
        const reservation = await turn(poller);
        if (reservation) await poll(poller, reservation);
      } catch (error) {
        if (!poller.replaced) failed(error);
      }
    }
    leave(poller);
  }

  /** Waits until this poller may receive: not paused, not backing off, and with credit. */
  async function turn(poller: Poller): Promise<Reservation | undefined> {
    while (!isOver(poller)) {
      const rest = notBefore - clock.now();
      if (rest > 0) {
        await changed.heard(rest);
        continue;
      }
      const reservation = paused ? undefined : credit.reserve();
      if (reservation) return reservation;
      await changed.heard();
    }
    return undefined;
  }

  async function poll(poller: Poller, reservation: Reservation): Promise<void> {
    const hurried = !poller.primary || clock.now() < hurryUntil;
    const wait = hurried ? 1 : waitSeconds;
    const abort = new AbortController();
    const asked = clock.now();
    poller.poll = { overdueAt: asked + wait * 1_000 + STUCK_AFTER_MS, abort, reservation };
    try {
      const arrivals = await queue.receive(reservation.messages, wait, abort.signal);
      failures = 0;
      const isHasty = arrivals.length === 0 && clock.now() - asked < (wait * 1_000) / 2;
      if (isHasty) notBefore = Math.max(notBefore, clock.now() + HASTY_PAUSE_MS);
      deliver(arrivals);
      adapt(arrivals.length, reservation.messages);
    } finally {
      poller.poll = undefined;
      reservation.end();
    }
  }

  function adapt(received: number, asked: number): void {
    if (received === asked) wanted = Math.min(maxPollers, wanted + 1);
    else if (received < asked / 2) wanted = Math.max(1, wanted - 1);
    if (stopping || paused) return;
    while (running.size < wanted && credit.hasRoom()) spawn(false);
  }

  function failed(error: unknown): void {
    wanted = 1;
    const now = clock.now();
    // Pollers fail together: that is one failure.
    if (stopping || now < notBefore) return;
    failures += 1;
    const failure = queue.failureOf(error);
    const delay = pollDelay(failure, failures, random);
    notBefore = now + delay;
    const kind = failure === 'refused' ? 'queue-refuses' : 'poll-failed';
    warn(
      kind,
      `receive ${failures} in a row failed (${failure}): ${messageOf(error)}; next in ${Math.round(delay)} ms`,
    );
  }

  function leave(poller: Poller): void {
    if (!running.delete(poller) || !stopping || running.size > 0) return;
    cancelAbort?.();
    onEnd();
  }

  /** Ends a receive that nobody waits for any more; if it brings messages after all, they are delivered. */
  function abandon(poller: Poller): void {
    poller.replaced = true;
    poller.poll?.reservation.end();
    poller.poll?.abort.abort();
    leave(poller);
  }

  return {
    start() {
      if (running.size === 0 && !stopping) spawn(true);
    },
    stop() {
      if (stopping) return;
      stopping = true;
      if (running.size === 0) {
        onEnd();
        return;
      }
      const patience = waitSeconds * 1_000 + ABORT_AFTER_MS;
      cancelAbort = clock.after(patience, () => [...running].forEach(abandon));
      changed.ring();
    },
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
      changed.ring();
    },
    watch() {
      const now = clock.now();
      for (const poller of running) {
        if (!poller.poll || now < poller.poll.overdueAt || stopping) continue;
        warn('poll-stuck', `a receive did not end within ${STUCK_AFTER_MS} ms after its wait; its poller was replaced`);
        abandon(poller);
        if (poller.primary) spawn(true);
      }
    },
    hurry() {
      hurryUntil = clock.now() + HURRY_MS;
    },
  };
}
