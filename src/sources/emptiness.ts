import { messageOf } from '../errors.ts';
import type { SourceWarning } from './pull-options.ts';
import type { Queue } from './queue.ts';

/** Up to when a queue is known to have been empty. */
export interface Emptiness {
  /** See {@link SourceProgress.emptyAt}. */
  readonly at: number | undefined;
  /** Call when a receive that began at `startedAt` has waited and found nothing. */
  readonly polled: (startedAt: number) => void;
}

/**
 * An empty receive alone proves nothing: at its limit in flight, SQS answers long polls with nothing and no error. So the queue's own counts are
 * asked as well, and what came into custody meanwhile takes the claim away. What is in flight with another worker is that worker's to tell.
 */
export function emptiness(options: {
  readonly queue: Queue;
  /** Whether nothing is held, and the source may receive: it is neither stopped, paused nor out of credit. */
  readonly isIdle: () => boolean;
  /** How many messages were delivered so far. */
  readonly received: () => number;
  readonly warn: (kind: SourceWarning, detail: string) => void;
}): Emptiness {
  const { queue, isIdle, received, warn } = options;
  let at: number | undefined;
  let asking = false;
  let failing = false;

  async function claim(startedAt: number): Promise<void> {
    const before = received();
    asking = true;
    try {
      const { waiting } = await queue.depth();
      failing = false;
      if (waiting === 0 && received() === before && isIdle()) at = Math.max(at ?? startedAt, startedAt);
    } catch (error) {
      if (!failing && isIdle()) {
        failing = true;
        warn(
          'depth-failed',
          `how many messages wait is not known: ${messageOf(error)}; until it is, quiet is no progress`,
        );
      }
    } finally {
      asking = false;
    }
  }

  return {
    get at() {
      return at;
    },
    polled(startedAt) {
      if (!asking && isIdle()) void claim(startedAt);
    },
  };
}
