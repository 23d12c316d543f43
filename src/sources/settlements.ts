import type { Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import { batchCalls } from './batch-calls.ts';
import type { CallTimes } from './call-times.ts';
import type { HeldMessage } from './held-message.ts';
import type { SourceWarning } from './pull-options.ts';
import { tracesOf } from '../trace.ts';
import { inCallSpan } from './in-call-span.ts';
import { BATCH, type Outcome, type Queue } from './queue.ts';

/** Tells the queue what became of messages. */
export interface Settlements {
  readonly remove: (message: HeldMessage) => void;
  /** Sets the message's visibility to its `awaySeconds`. */
  readonly release: (message: HeldMessage) => void;
  readonly flush: () => void;
}

const PARALLEL = 16;
/** Attempts for an entry that failed inside a call that was answered. */
const ATTEMPTS = 3;
/** Attempts where whole calls fail, over some 10 s: giving up on all of them means as many redeliveries. */
const CALL_ATTEMPTS = 8;
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 5_000;

/**
 * Deletes and releases in batches; each message reaches `settled` once, whatever the queue answers. An entry that failed without our fault is
 * asked for again a few times; then the message is left to its visibility timeout: its redelivery finds its events counted.
 */
export function settlements(options: {
  /** The source, as spans name it. */
  readonly name: string;
  readonly queue: Queue;
  readonly times: CallTimes;
  readonly clock: Clock;
  readonly random: () => number;
  readonly lingerMs: number;
  readonly settled: (message: HeldMessage) => void;
  readonly warn: (kind: SourceWarning, detail: string) => void;
}): Settlements {
  const { name, queue, times, clock, random, lingerMs, settled, warn } = options;

  function calls(
    what: 'delete' | 'release',
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
        let attempts = ATTEMPTS;
        try {
          outcomes = await inCallSpan(what, name, tracesOf(messages), messages.length, () =>
            times.time(what, () => ask(messages, handles)),
          );
        } catch (error) {
          cause = messageOf(error);
          attempts = CALL_ATTEMPTS;
          if (queue.failureOf(error) === 'refused') outcomes = messages.map(() => 'refused');
        }
        for (const [index, message] of messages.entries()) {
          const outcome = outcomes[index] ?? 'retry';
          // Redelivered while the call was under way: an older handle may not have settled it.
          const isOver = outcome !== 'retry' && message.handle === handles[index];
          if (outcome === 'refused' || (outcome === 'retry' && ++message.attempts >= attempts)) {
            warn(failed, `message ${message.id}: ${cause}; it will be delivered again`);
            settled(message);
          } else if (isOver) settled(message);
          else if (outcome === 'retry') clock.after(retryMs(message.attempts), () => batches.add(message));
          else batches.add(message);
        }
      },
    });
    return batches;
  }

  const retryMs = (attempts: number) =>
    Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempts - 1)) * (0.5 + random() / 2);

  const removals = calls('delete', 'delete-failed', (_, handles) => queue.remove(handles));
  const releases = calls('release', 'release-failed', (messages, handles) =>
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
