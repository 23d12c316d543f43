import { Observable, type Subscriber } from 'rxjs';
import type { Delivery } from '../custody.ts';
import { SourceError } from '../errors.ts';
import type { Source, SourceStats } from '../source.ts';
import { CUSTODY_SECONDS, Spread } from '../spread.ts';
import { agesOf } from './ages.ts';
import { releaseSeconds } from './backoff.ts';
import { bell } from './bell.ts';
import { callTimes } from './call-times.ts';
import { messageCredit } from './credit.ts';
import { deliveryTrace } from './delivery-trace.ts';
import { emptiness } from './emptiness.ts';
import type { HeldMessage } from './held-message.ts';
import { holdings } from './holdings.ts';
import { leases } from './leases.ts';
import { pollers } from './pollers.ts';
import type { PullSettings } from './pull-options.ts';
import { type Arrival, BATCH, type Queue } from './queue.ts';
import { receiving } from './receiving.ts';
import { settlements } from './settlements.ts';
import { stageClock } from './stage-clock.ts';
import { every } from '../every.ts';

/** How often leases and polls are looked after; oftener where the visibility is so short that a second matters. */
const TICK_MS = 1_000;
/** After its grace a drain waits this long, beyond their wait, for the last polls: longer than they take to be aborted. */
const LAST_POLLS_MS = 6_000;
/** And this long for the queue to take the last calls: longer than a call's own timeouts. */
const LAST_CALLS_MS = 20_000;

/**
 * A source that pulls from a queue with SQS's semantics. Order is not kept, not even a FIFO queue's: windows merge commutatively and events
 * count once, so a group may be received, failed and delivered again in any order without changing a result.
 *
 * Delivery: at least once. Nothing is deleted before it is acknowledged; a crash costs one visibility timeout of delay and a redelivery.
 */
export function pullSource(name: string, queue: Queue, settings: PullSettings, lingerMs = 50): Source {
  const { clock, random, warn, visibilitySeconds, maxMessages, maxBytes } = settings;
  const counts = { received: 0, redelivered: 0, acknowledged: 0, released: 0, lost: 0 };
  const times = callTimes(clock, queue.failureOf);
  const processing = new Spread(CUSTODY_SECONDS);
  let emptyPolls = 0;
  let lastMessageAt = clock.now();
  const changed = bell(clock);
  const moved = bell(clock);
  const credit = messageCredit(maxMessages, maxBytes, BATCH, () => {
    look();
    if (credit.hasRoom()) changed.ring();
  });
  const stages = stageClock();
  const phases = receiving(clock.now());
  /** Whether the last receive came back so full that more may wait. */
  let isFull = false;
  let subscriber: Subscriber<Delivery> | undefined;
  let started = false;
  let ended = false;
  let emptyReadings = 0;
  /** What the last polls brought when nobody subscribed any more. */
  const unwanted: HeldMessage[] = [];
  let cancelTick = () => {};

  const custodian = {
    now: () => clock.now(),
    stage: stages.stage,
    weighed: credit.weigh,
    acknowledged(message: HeldMessage) {
      counts.acknowledged += 1;
      processing.add((clock.now() - message.receivedAt) / 1_000);
      held.acknowledged(message);
      outcomes.remove(message);
    },
    released(message: HeldMessage) {
      counts.released += 1;
      message.awaySeconds = releaseSeconds(message.receiveCount, random);
      outcomes.release(message);
    },
  };
  const held = holdings(name, visibilitySeconds * 1_000, credit, custodian, moved.ring);
  const outcomes = settlements({ name, queue, times, clock, random, lingerMs, settled: held.settle, warn });
  const lease = leases({ name, queue, times, clock, held, visibilitySeconds, lost, warn });
  const polls = pollers({
    ...settings,
    queue,
    times,
    credit,
    changed,
    deliver,
    onEmpty: (from) => empty.polled(from),
    onEnd,
  });
  const empty = emptiness({
    queue,
    isIdle: () => held.undecided === 0 && polls.isAsking() && !credit.isSpent(),
    received: () => counts.received,
    warn,
  });

  function lost(message: HeldMessage): void {
    // A graph that was unsubscribed at the end of its grace lost nothing: what it left is released when the last polls have ended.
    if (subscriber?.closed) return;
    counts.lost += 1;
    held.settle(message);
    settings.lost({ id: message.id, source: name, stage: message.stage });
  }

  function look(): void {
    const stands = !polls.isAsking() || credit.isSpent();
    phases.turn(stands ? 'backpressured' : isFull ? 'busy' : 'idle', clock.now());
  }

  function deliver(arrivals: readonly Arrival[], asked: number, startedAt: number): void {
    if (arrivals.length > 0) emptyReadings = 0;
    else emptyPolls += 1;
    isFull = arrivals.length * 2 >= asked;
    const delivery: HeldMessage[] = [];
    const now = clock.now();
    if (arrivals.length > 0) lastMessageAt = now;
    const trace = deliveryTrace(arrivals, { destination: name, url: queue.id, startedAt, endedAt: now });
    for (const arrival of arrivals) {
      counts.received += 1;
      if (arrival.receiveCount > 1) counts.redelivered += 1;
      const message = held.take(arrival, trace);
      if (message) delivery.push(message);
      else trace?.settled('acknowledged', now);
    }
    look();
    if (delivery.length === 0) return;
    if (subscriber && !subscriber.closed) subscriber.next(delivery);
    else if (ended) releaseAtOnce(delivery);
    else unwanted.push(...delivery);
  }

  /**
   * Only for messages that nobody will work on here, and only once no poll is under way, which would bring them right back: at shutdown another
   * worker should have them at once.
   */
  function releaseAtOnce(messages: Iterable<HeldMessage>): void {
    for (const message of messages) {
      if (message.state !== 'held') continue;
      message.giveBack();
      message.awaySeconds = 0;
      counts.released += 1;
      outcomes.release(message);
    }
    outcomes.flush();
  }

  function onEnd(): void {
    ended = true;
    subscriber?.complete();
    releaseAtOnce(unwanted);
    moved.ring();
  }

  /** Waits until `isDone`, for at most `ms`; whether it was. */
  async function waitFor(isDone: () => boolean, ms: number): Promise<boolean> {
    const until = clock.now() + ms;
    while (!isDone()) {
      const rest = until - clock.now();
      if (rest <= 0) return false;
      await moved.heard(rest);
    }
    return true;
  }

  function stats(): SourceStats {
    const now = clock.now();
    return {
      ...counts,
      held: held.size,
      heldBytes: credit.bytes,
      credit: Math.min(1, Math.max(held.size / maxMessages, credit.bytes / maxBytes)),
      receiving: phases.read(now),
      stages: stages.read(now),
    };
  }

  const isEnded = () => ended;
  const isSettled = () => ended && held.size === 0;

  return {
    name,
    queues: [queue.id],
    messages: new Observable<Delivery>((next) => {
      if (started) {
        next.error(
          new SourceError('SUBSCRIBED_TWICE', `source '${name}' has one subscriber; share its messages instead`),
        );
        return;
      }
      started = true;
      subscriber = next;
      if (ended) {
        next.complete();
        return;
      }
      next.add(polls.stop);
      cancelTick = every(Math.min(TICK_MS, visibilitySeconds * 125), clock, () => {
        lease.renew();
        polls.watch();
      });
      polls.start();
    }),
    stop: polls.stop,
    pause() {
      polls.pause();
      look();
    },
    resume() {
      polls.resume();
      look();
    },
    async drained(graceMs) {
      polls.stop();
      outcomes.flush();
      if (!(await waitFor(isSettled, graceMs))) {
        subscriber?.complete();
        await waitFor(isEnded, LAST_POLLS_MS + settings.waitSeconds * 1_000);
        releaseAtOnce(held.all());
        if (!(await waitFor(isSettled, LAST_CALLS_MS))) {
          warn('not-drained', `${held.size} messages could not be settled; the queue will deliver them again`);
        }
      }
      cancelTick();
      queue.close();
    },
    async isEmpty() {
      polls.hurry();
      const { waiting, inFlight } = await queue.depth();
      emptyReadings = waiting + inFlight + held.size === 0 ? emptyReadings + 1 : 0;
      return emptyReadings >= 2;
    },
    oldestHeld: held.oldestSentAt,
    progress: () => [{ source: name, held: held.oldestSentAt(), settled: held.settledAt, emptyAt: empty.at }],
    stats,
    details() {
      const now = clock.now();
      const calls = { calls: times.read(), emptyPolls, leases: lease.stats(), processing: processing.read() };
      const ages = agesOf(held.all(), now);
      return [{ source: name, ...stats(), ...calls, ages, oldestSentAt: held.oldestSentAt(), lastMessageAt, now }];
    },
  };
}
