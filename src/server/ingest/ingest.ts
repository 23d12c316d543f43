import { type Clock, systemClock } from '../../clock.ts';
import { ConfigError, messageOf } from '../../errors.ts';
import { openQueue } from '../../producer/queue.ts';
import type { SqsClientOptions } from '../../producer/sqs-client.ts';
import { shown } from '../problem.ts';
import { post, type Posted } from './post.ts';
import type { BodyLimits } from './read-body.ts';
import { type Room, room } from './room.ts';

export interface IngestOptions extends Omit<SqsClientOptions, 'requestMs'> {
  /** Name or URL of a standard queue: one that the pipeline's workers read. */
  readonly queue: string;
  /** How long an event may wait for company, milliseconds: events of many requests share messages. Default 5. */
  readonly lingerMs?: number;
  /** How long a request waits for the queue, milliseconds; then it is told which events are not known to be there. Default 10,000. */
  readonly deadlineMs?: number;
  /** Largest body in bytes, as it comes. Default 1 MiB. */
  readonly maxBytes?: number;
  /** Largest body in bytes, decompressed. Default 8 MiB. */
  readonly maxDecodedBytes?: number;
  /** Most events of a request. Default 10,000. */
  readonly maxEvents?: number;
  /** Bytes of all requests that are held at a time, until the queue has them; beyond it they are told to come again. Default 32 MiB. */
  readonly maxPendingBytes?: number;
  /** Requests to the queue under way at a time. Default 4. */
  readonly concurrency?: number;
  /** Told when the queue takes no events, and when it takes them again. Default: nobody is. */
  readonly onWarning?: (line: string) => void;
  readonly clock?: Clock;
  /** 0 to 1, for the jitter of the pauses. */
  readonly random?: () => number;
}

/** What a request for events is held to. */
export interface IngestLimits extends BodyLimits {
  readonly maxEvents: number;
  /** Most bytes of an event, as ASCII. */
  readonly maxEventBytes: number;
  readonly deadlineMs: number;
}

/** The way into the queue of a pipeline, for events that come in by HTTP: `metricsApi` takes it, whoever opened it closes it. */
export interface Ingest {
  readonly limits: IngestLimits;
  readonly room: Room;
  readonly clock: Clock;
  /** Whether it takes no more. */
  readonly isClosed: boolean;
  /** Sends the JSON texts of a request's events, ASCII, together with those of others. */
  post(texts: readonly string[]): Posted;
  /** How many events the queue has accepted. */
  accepted(): number;
  /** Takes no more, lets what is on its way arrive within so many milliseconds, then gives up the connections. */
  close(graceMs: number): Promise<void>;
}

/** The pauses in between grow to 0.8 s: whoever waits for an answer is told before long. */
const ATTEMPTS = 5;

/**
 * Opens the way into a queue. A queue that does not exist is created if its endpoint is on this machine.
 *
 * Delivery: a request is answered once the queue has accepted its events, at least once. What the process holds when it dies was not answered, so its
 * sender sends it again; the events' ids make that harmless.
 *
 * @throws ConfigError where the queue is not there or is a FIFO queue, or a limit cannot work; SourceError where it cannot be told.
 * @example
 * const ingest = await openIngest({ queue: 'shop-events', region: 'eu-central-1' });
 * const api = metricsApi({ pipelines: [storefront], database, ingest: new Map([['storefront', ingest]]) });
 * // POST /v1/events/storefront
 * await ingest.close(10_000);
 */
export async function openIngest(options: IngestOptions): Promise<Ingest> {
  const {
    queue,
    lingerMs = 5,
    deadlineMs = 10_000,
    maxBytes = 2 ** 20,
    maxDecodedBytes = 8 * 2 ** 20,
    maxEvents = 10_000,
    maxPendingBytes = 32 * 2 ** 20,
    concurrency = 4,
    onWarning = () => undefined,
    clock = systemClock,
    random = Math.random,
  } = options;
  atLeast('lingerMs', lingerMs, 0);
  for (const [name, value] of Object.entries({ deadlineMs, maxBytes, maxEvents, concurrency })) atLeast(name, value, 1);
  atLeast('maxDecodedBytes', maxDecodedBytes, maxBytes);
  atLeast('maxPendingBytes', maxPendingBytes, maxDecodedBytes);
  // one that hangs is given up before its callers are
  const opened = await openQueue(queue, { ...options, requestMs: Math.ceil(deadlineMs / 2) }, concurrency);
  const held = room(maxPendingBytes);
  let accepted = 0;
  let failing = false;
  let isClosed = false;
  const send = post({
    ...opened,
    lingerMs,
    concurrency,
    attempts: ATTEMPTS,
    clock,
    random,
    onAccepted(events) {
      accepted += events;
      if (failing) onWarning(`queue '${queue}' takes events again`);
      failing = false;
    },
    onFailed(error) {
      if (!failing)
        onWarning(`queue '${queue}' takes no events, senders are told to come again: ${shown(messageOf(error), 300)}`);
      failing = true;
    },
  });
  return {
    limits: { maxBytes, maxDecodedBytes, maxEvents, deadlineMs, maxEventBytes: opened.maxBytes - 2 },
    room: held,
    clock,
    get isClosed() {
      return isClosed;
    },
    post: send,
    accepted: () => accepted,
    async close(graceMs) {
      isClosed = true;
      await within(held.empty(), graceMs, clock);
      opened.client.destroy();
    },
  };
}

/** Waits for a promise, but no longer than that. */
export function within(promise: Promise<void>, ms: number, clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, resolve);
    promise.then(resolve, reject).finally(cancel);
  });
}

function atLeast(option: string, value: number, least: number): void {
  if (value >= least) return;
  const fix = 'leave it out for the default';
  throw new ConfigError({ where: `openIngest: ${option}`, expected: `${least} or more`, got: String(value), fix });
}
