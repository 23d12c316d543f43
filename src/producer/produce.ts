import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import { SourceError } from '../errors.ts';
import type { RawBody } from './raw-body.ts';
import type { Sender } from './sender.ts';

export interface ProduceOptions {
  /** JSON texts (or what was captured and is no JSON), sent in this order. */
  readonly events: Iterable<string | RawBody> | AsyncIterable<string | RawBody>;
  /** Not closed at the end. */
  readonly sender: Sender;
  /** Events a second; 0 or absent: as fast as possible. */
  readonly rate?: number;
  /** How many events to send at most. Default: all. */
  readonly limit?: number;
  /** Stops taking events; what was taken is still sent. */
  readonly signal?: AbortSignal;
  /** Called now and then, with what was acknowledged so far. */
  readonly onProgress?: (progress: Produced) => void;
  /** How often, milliseconds. Default 1,000. */
  readonly progressMs?: number;
  /** Called for an event that fits no message, with its place in the stream from 0. Default: throw, after what was taken is sent. */
  readonly onTooLarge?: (error: SourceError, ordinal: number) => void;
  readonly clock?: Clock;
}

/** What SQS acknowledged. */
export interface Produced {
  readonly events: number;
  readonly messages: number;
  readonly bytes: number;
  readonly seconds: number;
}

/** How long the pacer rests at most before it looks at the clock again. */
const TICK_MS = 10;

/**
 * Sends a stream of events at a rate. The pace follows a schedule from the first event on, so it does not drift: what a pause held up is made
 * up for.
 *
 * @throws what the events or the sender throw; what was taken before is sent first where that is possible.
 * @example
 * await produce({ events: simulate({ events: 10_000 }).texts(), sender, rate: 1_000 }); // { events: 10000, …, seconds: 10 }
 */
export async function produce(options: ProduceOptions): Promise<Produced> {
  const { sender, onProgress, progressMs = 1_000, clock = systemClock } = options;
  const before = sender.stats();
  const started = clock.now();
  const totals = (): Produced => {
    const now = sender.stats();
    return {
      events: now.events - before.events,
      messages: now.messages - before.messages,
      bytes: now.bytes - before.bytes,
      seconds: (clock.now() - started) / 1_000,
    };
  };
  let cancel = () => {};
  const tell = () => {
    onProgress?.(totals());
    cancel = clock.after(progressMs, tell);
  };
  if (onProgress) cancel = clock.after(progressMs, tell);
  try {
    await takeAll(options, clock, started);
  } finally {
    // Also after an error of the events: what came before it counts. An error of the sender itself comes again here.
    await sender.flush().finally(() => cancel());
  }
  return totals();
}

async function takeAll(options: ProduceOptions, clock: Clock, started: number): Promise<void> {
  const { events, sender, rate = 0, limit = Number.POSITIVE_INFINITY, signal, onTooLarge = rethrow } = options;
  const iterator = Symbol.asyncIterator in events ? events[Symbol.asyncIterator]() : events[Symbol.iterator]();
  let allowed = rate > 0 ? 0 : Number.POSITIVE_INFINITY;
  try {
    for (let taken = 0; taken < limit; taken++) {
      for (;;) {
        if (signal?.aborted) return;
        if (taken < allowed) break;
        allowed = ((clock.now() - started) * rate) / 1_000;
        if (taken >= allowed) await unlessAborted(rest(clock, ((taken + 1 - allowed) * 1_000) / rate), signal);
      }
      const next = iterator.next();
      const { done, value } = next instanceof Promise ? await next : next;
      if (done) return;
      try {
        const room = sender.send(value);
        if (room) await unlessAborted(room, signal);
      } catch (error) {
        if (!(error instanceof SourceError) || error.reason !== 'too-large') throw error;
        onTooLarge(error, taken);
      }
    }
  } finally {
    await iterator.return?.();
  }
}

const rest = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => clock.after(Math.min(TICK_MS, Math.max(1, ms)), resolve));

const rethrow = (error: SourceError): never => {
  throw error;
};

/** Waits, but no longer than until the signal. (`Promise.race` against one long-lived promise would grow with every call.) */
function unlessAborted(promise: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const stop = () => resolve();
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
