import { type Clock, systemClock } from '../clock.ts';
import { type Duration, milliseconds } from '../duration.ts';
import { ConfigError } from '../errors.ts';
import type { LostMessage } from '../source.ts';

/** What a source warns of. The texts are stable: alerts may rely on them. */
export type SourceWarning =
  | 'poll-failed'
  | 'poll-stuck'
  | 'queue-refuses'
  | 'depth-failed'
  | 'no-dead-letter-queue'
  | 'few-receives'
  | 'short-keep'
  | 'lease-failed'
  | 'lease-ended'
  | 'delete-failed'
  | 'release-failed'
  | 'not-drained';

/** See {@link PullOptions.visibilityTimeout}. */
export const DEFAULT_VISIBILITY: Duration = '60s';

/** What every source that pulls from a queue can be told. */
export interface PullOptions {
  /** Name of the source in messages, rejects and metrics. Default: the queue's name. */
  readonly name?: string | undefined;
  /**
   * How long a received message stays ours before its lease must be renewed; also how long a message may be in no holding stage before it
   * counts as lost. Whole seconds, 2 s to 11 h. Default 60 s. A crash costs this much delay, so lateness must exceed it.
   */
  readonly visibilityTimeout?: Duration | undefined;
  /**
   * Most messages in custody at once. 1 to 120,000, SQS's limit in flight *for the whole queue*: divide by the number of workers.
   * Default 5,000: enough for 12,000 messages/s that take 0.4 s from receive to delete, and for 24 workers on a queue. Overshot only by what a
   * receive brings that was given up as stuck, as after a process stood still: ten messages each.
   */
  readonly maxMessages?: number | undefined;
  /**
   * Most decoded bytes in custody at once. Default 6 MiB: five flushes of 5,000 events of 250 bytes, two of which are under way. An event weighs
   * some four times its JSON, and V8 lets garbage grow to a multiple of what lives: measured, 6 MiB keep a worker below 400 MB, 16 MiB do not and
   * are no faster. May be overshot by what one receive a poller brings beyond the estimate.
   */
  readonly maxBytes?: number | undefined;
  /**
   * Most receives under way at once. 1 to 64. Default 8; two when the queue is idle, one where `waitSeconds` is more than 1. A quiet stream is final within
   * its lateness and 2 s; with fewer than three, or with `maxMessages` below 30, within 3 s just after a message; with one, or `maxMessages` below 20,
   * within 2.5 s at other times too.
   */
  readonly maxPollers?: number | undefined;
  /**
   * How long a poll of an idle queue waits for a message, and so how long a stop may take. Whole seconds, 1 to 20. Default 1.
   *
   * A quiet stream becomes final by empty polls, each of which also asks how many messages wait. With 1 s there are two polls half a second apart, and
   * the last empty one began at most some 1.5 s ago: an idle worker asks SQS 2,592,000 s a month × 2 × 2 = 10,368,000 times, 4.15 USD at 0.40 USD a
   * million. With w > 1 there is one poll, and windows become final up to 2 w later: 2,592,000 / w × 2 requests, so 1.04 USD and 4 s with 2,
   * 0.41 USD and 10 s with 5, 0.10 USD and 40 s with 20. A worker that always has messages pays none of this.
   */
  readonly waitSeconds?: number | undefined;
  /** Processing time. Default: the machine's. */
  readonly clock?: Clock | undefined;
  /** For jitter: a number from 0 to below 1. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** Told of what an operator should know; what it throws is reported as a process warning and changes nothing. Default: nobody. */
  readonly onWarning?: ((kind: SourceWarning, detail: string) => void) | undefined;
  /** Told once of each message that the graph lost. Default: nobody. */
  readonly onLost?: ((message: LostMessage) => void) | undefined;
}

/** {@link PullOptions}, checked and complete. */
export interface PullSettings {
  readonly visibilitySeconds: number;
  readonly maxMessages: number;
  readonly maxBytes: number;
  readonly maxPollers: number;
  readonly waitSeconds: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly warn: (kind: SourceWarning, detail: string) => void;
  readonly lost: (message: LostMessage) => void;
}

/**
 * Checks the options and fills in the defaults.
 *
 * @throws ConfigError naming the option that is out of its limits.
 */
export function pullSettings(options: PullOptions): PullSettings {
  const { visibilityTimeout = DEFAULT_VISIBILITY, clock = systemClock, random = Math.random } = options;
  const visibilitySeconds = milliseconds(visibilityTimeout, 'visibilityTimeout') / 1_000;
  return {
    visibilitySeconds: whole('visibilityTimeout', visibilitySeconds, 2, 39_600, 'seconds'),
    maxMessages: whole('maxMessages', options.maxMessages ?? 5_000, 1, 120_000, 'messages'),
    maxBytes: whole('maxBytes', options.maxBytes ?? 6 * 1024 * 1024, 1, Number.MAX_SAFE_INTEGER, 'bytes'),
    maxPollers: whole('maxPollers', options.maxPollers ?? 8, 1, 64, 'receives'),
    waitSeconds: whole('waitSeconds', options.waitSeconds ?? 1, 1, 20, 'seconds'),
    clock,
    random,
    warn: guarded(options.onWarning),
    lost: guarded(options.onLost),
  };
}

function whole(where: string, value: number, least: number, most: number, unit: string): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  const expected = `a whole number of ${unit} from ${least} to ${most}`;
  const fix = `take ${value < least ? least : value > most ? most : Math.ceil(value) || least}`;
  throw new ConfigError({ where, expected, got: String(value), fix });
}

/** A caller's callback that cannot harm the loop that calls it. */
function guarded<A extends unknown[]>(callback: ((...args: A) => void) | undefined): (...args: A) => void {
  return (...args) => {
    try {
      callback?.(...args);
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error));
    }
  };
}
