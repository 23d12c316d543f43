import type { Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import { tracesOf } from '../trace.ts';
import type { QueueStats } from '../source.ts';
import type { CallTimes } from './call-times.ts';
import type { HeldMessage } from './held-message.ts';
import type { Holdings } from './holdings.ts';
import { inCallSpan } from './in-call-span.ts';
import type { SourceWarning } from './pull-options.ts';
import { BATCH, type Outcome, type Queue } from './queue.ts';

/** SQS ends every delivery 12 h after its receive, and refuses to extend beyond. */
const LONGEST_MS = 12 * 3_600_000;
const MARGIN_MS = 300_000;
const PARALLEL = 4;

/**
 * Keeps what is held ours. Call `renew` once a second: messages with less than half of their visibility left are renewed, those
 * that no stage has held for a whole visibility timeout are given to `lost` and renewed no more. A message that was acknowledged or released
 * is not looked at, so no renewal is ever sent after its delete. What the queue disowned is no error: its outcome was decided elsewhere.
 */
export function leases(options: {
  /** The source, as spans name it. */
  readonly name: string;
  readonly queue: Queue;
  readonly times: CallTimes;
  readonly clock: Clock;
  readonly held: Holdings;
  readonly visibilitySeconds: number;
  readonly lost: (message: HeldMessage) => void;
  readonly warn: (kind: SourceWarning, detail: string) => void;
}): { readonly renew: () => void; readonly stats: () => QueueStats['leases'] } {
  const { name, queue, times, clock, held, visibilitySeconds, lost, warn } = options;
  const visibilityMs = visibilitySeconds * 1_000;
  const due: HeldMessage[] = [];
  let renewing = 0;
  const counts = { renewed: 0, failed: 0, ended: 0 };

  function collect(): void {
    const now = clock.now();
    for (const message of held.all()) {
      if (message.state !== 'held') continue;
      if (!message.inHoldingStage && now - message.stageSince >= visibilityMs) {
        lost(message);
        continue;
      }
      if (message.leaseEnded || message.renewing || message.deadline - now >= visibilityMs / 2) continue;
      if (now + visibilityMs > message.receivedAt + LONGEST_MS - MARGIN_MS) {
        message.leaseEnded = true;
        counts.ended += 1;
        warn('lease-ended', `message ${message.id} was held for 12 h; the queue will deliver it again`);
        continue;
      }
      message.renewing = true;
      due.push(message);
    }
  }

  function renewNext(): void {
    while (renewing < PARALLEL && due.length > 0) {
      renewing += 1;
      void renew(due.splice(0, BATCH)).finally(() => {
        renewing -= 1;
        renewNext();
      });
    }
  }

  async function renew(collected: readonly HeldMessage[]): Promise<void> {
    // It may have been settled while it waited for its turn.
    const messages = collected.filter((message) => message.state === 'held');
    const handles = messages.map((message) => message.handle);
    const asked = clock.now();
    let outcomes: readonly Outcome[] = [];
    try {
      const changes = handles.map((handle) => ({ handle, seconds: visibilitySeconds }));
      if (changes.length > 0) {
        outcomes = await inCallSpan('extend', name, tracesOf(messages), messages.length, () =>
          times.time('extend', () => queue.changeVisibility(changes)),
        );
      }
    } catch (error) {
      warn('lease-failed', `${messages.length} leases were not renewed: ${messageOf(error)}; trying again`);
    }
    for (const message of collected) message.renewing = false;
    for (const [index, message] of messages.entries()) {
      if (message.handle !== handles[index]) continue;
      const outcome = outcomes[index];
      if (outcome === 'done') {
        message.deadline = asked + visibilityMs;
        counts.renewed += 1;
      } else if (outcome === 'stale' || outcome === 'refused') {
        message.leaseEnded = true;
        counts.ended += 1;
      } else counts.failed += 1;
    }
  }

  return {
    renew() {
      collect();
      renewNext();
    },
    stats: () => ({ ...counts }),
  };
}
