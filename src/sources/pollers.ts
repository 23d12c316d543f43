import type { Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import { pollDelay } from './backoff.ts';
import type { Bell } from './bell.ts';
import type { CallTimes } from './call-times.ts';
import type { Credit, Reservation } from './credit.ts';
import { isFirst, type Poller, restedAt } from './poller.ts';
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
  /** Whether it receives: neither stopped nor paused. */
  readonly isAsking: () => boolean;
}

/** Beyond its wait a receive may take this long: longer than the client's own timeout, which should have ended it. */
const STUCK_AFTER_MS = 15_000;
/** Beyond its wait a receive may take this long once the source stops. */
const ABORT_AFTER_MS = 5_000;
const HURRY_MS = 5_000;
/**
 * A queue that says "nothing" without waiting for anything is not asked again at once: that would be a hot loop. So long on average: always as long, and polls
 * that messages cut short could keep step with them, and each be cut as short as the one before.
 */
const HASTY_PAUSE_MS = 100;
/**
 * A receive that waited so long has asked all of the queue. It may end before its time: an emulator wakes all who wait when a message comes, and gives it to
 * one of them.
 */
const WAITED_MS = 20;
/** How many polls of one second watch an idle queue, and how far apart they start. */
const WATCHES = 2;
const APART_MS = 500;
/** Where none started for so long, they are out of step, and one more begins: longer than it takes to answer an idle poll and begin the next. */
const GAP_MS = 600;

/**
 * While the queue is idle, two polls of a second half a second apart, or one where `waitSeconds` is more. Each poll that waited for nothing is
 * followed by the next only when half a second has passed since another began: so they fall into step by themselves and stay in it, and the last
 * empty one never began longer than some 1.5 s ago. Where they began together, as after a message, a third one begins between them, and one that ends
 * first goes.
 *
 * Up to `maxPollers` receives while they come back full: each full one adds a poller, each that is less than half full takes one away. A receive
 * starts only with credit reserved. After an error there is one poller again, and it waits, ever longer.
 *
 * A loop ends by `stop`, by being surplus, or by being replaced; whatever is thrown inside it is a failed poll and nothing more.
 */
export function pollers(options: {
  readonly queue: Queue;
  readonly times: CallTimes;
  readonly clock: Clock;
  readonly random: () => number;
  readonly credit: Credit;
  /** Rung when credit returned. */
  readonly changed: Bell;
  readonly maxPollers: number;
  readonly waitSeconds: number;
  /** What a receive brought that began then and had asked for so many messages. */
  readonly deliver: (arrivals: readonly Arrival[], asked: number, startedAt: number) => void;
  /** A receive that began at `startedAt` waited and found nothing, and none that began before is under way: it may have been handed something. */
  readonly onEmpty: (startedAt: number) => void;
  readonly warn: (kind: SourceWarning, detail: string) => void;
  /** Called once after `stop`, when no loop is left. */
  readonly onEnd: () => void;
}): Pollers {
  const { queue, times, clock, random, credit, changed, maxPollers, waitSeconds, deliver, onEmpty, warn, onEnd } =
    options;
  const running = new Set<Poller>();
  const watches = waitSeconds === 1 ? Math.min(WATCHES, maxPollers) : 1;
  const idleMs = watches > 1 ? APART_MS : 0;
  let wanted = watches;
  let stopping = false;
  let paused = false;
  let failures = 0;
  let notBefore = 0;
  let hurryUntil = 0;
  let cancelAbort: (() => void) | undefined;
  let cancelGap = () => {};

  const isOver = (poller: Poller) =>
    stopping || poller.replaced || (!poller.primary && (running.size > wanted || !credit.hasRoom()));

  function spawn(primary: boolean): void {
    const restMs = running.size < watches ? idleMs : 0;
    const poller: Poller = { primary, replaced: false, restMs, startedAt: 0, poll: undefined };
    running.add(poller);
    void loop(poller);
  }

  function grow(): void {
    if (stopping || paused) return;
    while (running.size < wanted && credit.hasRoom()) spawn(false);
  }

  function began(poller: Poller): void {
    poller.startedAt = clock.now();
    cancelGap();
    if (idleMs > 0) cancelGap = clock.after(GAP_MS, fillGap);
  }

  function fillGap(): void {
    if (stopping || paused || wanted !== watches) return;
    wanted = Math.min(maxPollers, watches + 1);
    grow();
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

  /** Waits until this poller may receive: rested, not paused, not backing off, and with credit. */
  async function turn(poller: Poller): Promise<Reservation | undefined> {
    const rested = restedAt(poller, running);
    while (!isOver(poller)) {
      const rest = Math.max(notBefore, rested) - clock.now();
      if (rest > 0) {
        await changed.heard(rest);
        continue;
      }
      const reservation = paused ? undefined : credit.reserve();
      if (reservation) {
        began(poller);
        return reservation;
      }
      await changed.heard();
    }
    return undefined;
  }

  async function poll(poller: Poller, reservation: Reservation): Promise<void> {
    const hurried = !poller.primary || clock.now() < hurryUntil;
    const wait = hurried ? 1 : waitSeconds;
    const abort = new AbortController();
    const { startedAt } = poller;
    poller.poll = { overdueAt: startedAt + wait * 1_000 + STUCK_AFTER_MS, abort, reservation };
    poller.restMs = 0;
    try {
      const arrivals = await times.time('receive', () => queue.receive(reservation.messages, wait, abort.signal));
      failures = 0;
      deliver(arrivals, reservation.messages, startedAt);
      adapt(arrivals.length, reservation.messages);
      if (arrivals.length > 0) return;
      const waitedMs = clock.now() - startedAt;
      poller.restMs = waitedMs < (wait * 1_000) / 2 ? HASTY_PAUSE_MS * (0.5 + random()) : idleMs;
      if (waitedMs >= WAITED_MS && !poller.replaced && isFirst(poller, running)) onEmpty(startedAt);
    } finally {
      poller.poll = undefined;
      reservation.end();
    }
  }

  function adapt(received: number, asked: number): void {
    if (received === asked) wanted += 1;
    else if (received < asked / 2) wanted -= 1;
    wanted = Math.min(maxPollers, Math.max(watches, wanted));
    grow();
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
      if (running.size > 0 || stopping) return;
      spawn(true);
      grow();
    },
    stop() {
      if (stopping) return;
      stopping = true;
      cancelGap();
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
    isAsking: () => !stopping && !paused,
    hurry() {
      hurryUntil = clock.now() + HURRY_MS;
    },
  };
}
