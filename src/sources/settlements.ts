import type { Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import { batchCalls } from './batch-calls.ts';
import type { HeldMessage } from './held-message.ts';
import type { SourceWarning } from './pull-options.ts';
import { BATCH, type Outcome, type Queue } from './queue.ts';

/** Tells the queue what became of messages. */
export interface Settlements {
  readonly remove: (message: HeldMessage) => void;
  /** Sets the message's visibility to its `awaySeconds`. */
  readonly release: (message: HeldMessage) => void;
  readonly flush: () => void;
}

const PARALLEL = 16;
const ATTEMPTS = 3;
const FIRST_RETRY_MS = 100;

/**
 * Deletes and releases in batches; each message reaches `settled` once, whatever the queue answers. An entry that failed without our fault is
 * asked for again, {@link ATTEMPTS} times in all; then the message is left to its visibility timeout: its redelivery finds its events counted.
 */
export function settlements(options: {
  readonly queue: Queue;
  readonly clock: Clock;
  readonly lingerMs: number;
  readonly settled: (message: HeldMessage) => void;
  readonly warn: (kind: SourceWarning, detail: string) => void;
}): Settlements {
  const { queue, clock, lingerMs, settled, warn } = options;

  function calls(
    failed: SourceWarning,
    ask: (messages: readonly HeldMessage[], handles: readonly string[]) => Promise<readonly Outcome[]>,
  ) {
    const batches = batchCalls<HeldMessage>({
      size: BATCH,
      lingerMs,
      parallel: PARALLEL,
      clock,
      async call(messages) {
        const handles = messages.map((message) => message.handle);
        let outcomes: readonly Outcome[] = [];
        let cause = 'the queue failed the entry';
        try {
          outcomes = await ask(messages, handles);
        } catch (error) {
          cause = messageOf(error);
          if (queue.failureOf(error) === 'refused') outcomes = messages.map(() => 'refused');
        }
        for (const [index, message] of messages.entries()) conclude(message, handles[index], outcomes[index], cause);
      },
    });

    function conclude(message: HeldMessage, handle: string | undefined, outcome: Outcome | undefined, cause: string) {
      if (outcome === 'done' || outcome === 'stale') {
        // Redelivered while the call was under way: an older handle may not have deleted it.
        if (message.handle !== handle) batches.add(message);
        else settled(message);
        return;
      }
      message.attempts += 1;
      if (outcome !== 'refused' && message.attempts < ATTEMPTS) {
        clock.after(FIRST_RETRY_MS * 2 ** (message.attempts - 1), () => batches.add(message));
        return;
      }
      warn(failed, `message ${message.id}: ${cause}; it will be delivered again`);
      settled(message);
    }
    return batches;
  }

  const removals = calls('delete-failed', (_, handles) => queue.remove(handles));
  const releases = calls('release-failed', (messages, handles) =>
    queue.changeVisibility(
      messages.map((message, index) => ({ handle: handles[index] ?? '', seconds: message.awaySeconds })),
    ),
  );
  return {
    remove: removals.add,
    release: releases.add,
    flush() {
      removals.flush();
      releases.flush();
    },
  };
}
