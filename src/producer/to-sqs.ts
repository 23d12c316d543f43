import type { SQSClient } from '@aws-sdk/client-sqs';
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import { ConfigError, SourceError } from '../errors.ts';
import { asciiJson } from './ascii-json.ts';
import type { Compression } from './encode.ts';
import { attributeBytes, encodePack, encodeRaw, plain, SQS_MAX_BYTES } from './encode.ts';
import type { Outbox } from './outbox.ts';
import { outbox } from './outbox.ts';
import type { Packer } from './pack.ts';
import { bodyOf, pack } from './pack.ts';
import { openQueue } from './queue.ts';
import { RawBody } from './raw-body.ts';
import { sendBatch } from './send-batch.ts';
import type { Sender } from './sender.ts';
import type { SqsClientOptions } from './sqs-client.ts';

export interface ToSqsOptions extends SqsClientOptions {
  /** Name or URL of a standard queue; or a client of your own, a URL, and how many bytes a message may have (default: 1 MiB). */
  readonly queue: string | { readonly client: SQSClient; readonly queueUrl: string; readonly maxBytes?: number };
  /** Events in a message. Default: as many as fit 64 KB, what SQS bills as one request. Never more than fit a message. */
  readonly pack?: number;
  /** How long an event may wait for its message and its batch to fill, milliseconds. Default 100. */
  readonly lingerMs?: number;
  /** Compress the bodies (base64, named by the message attribute `content-encoding`). Sizes of packs count before it. Default `none`. */
  readonly compress?: Compression;
  /** Requests under way at a time. Default 4. */
  readonly concurrency?: number;
  /** How often a batch is tried before the sender fails; the pauses grow to 20 s. Default 12: about a minute and a half. */
  readonly attempts?: number;
  readonly clock?: Clock;
  /** 0 to 1, for the jitter of the pauses. */
  readonly random?: () => number;
}

const DEFAULT_PACK_BYTES = 65_536;

/** What exists once the queue is found. */
interface Connected {
  readonly out: Outbox;
  readonly packer: Packer;
  /** The most bytes of an uncompressed body. */
  readonly plainBytes: number;
  readonly maxBytes: number;
  disconnect(): void;
}

/**
 * A sender to an SQS queue: packs events into messages, messages into batches. A queue that does not exist is created if its endpoint is on
 * this machine.
 *
 * Delivery: at least once, in no particular order. A message whose acknowledgement is lost is sent again. What the process holds when it dies
 * is lost: `await` {@link Sender.flush} before you forget where the events came from. When SQS refuses for good, or attempts run out, the
 * sender ends: every later call fails with the reason.
 *
 * @throws ConfigError when an option cannot work.
 * @example
 * const events = toSqs({ queue: 'shop-events', endpoint: 'http://127.0.0.1:4566' });
 * await events.send({ id: '1', type: 'page_view', at: '2026-11-22T20:31:00.000Z' });
 * await events.close(); // { events: 1, messages: 1, … }
 */
export function toSqs(options: ToSqsOptions): Sender {
  checkOptions(options);
  const { compress = 'none', lingerMs = 100, clock = systemClock } = options;
  const stats = { events: 0, messages: 0, bytes: 0, requests: 0, resent: 0 };
  let connecting: Promise<Connected> | undefined;
  let connected: Connected | undefined;
  let stopLinger: (() => void) | undefined;
  let closed = false;

  async function connect(): Promise<Connected> {
    const { client, queueUrl, maxBytes, disconnect } = await open(options);
    const out = outbox(options.concurrency ?? 4, (batch) =>
      sendBatch(batch, {
        client,
        queueUrl,
        maxBytes,
        attempts: options.attempts ?? 12,
        clock,
        random: options.random ?? Math.random,
        onSent: (message) => {
          stats.events += message.events;
          stats.messages++;
          stats.bytes += message.bytes;
        },
        onRequest: (again) => {
          stats.requests++;
          stats.resent += again;
        },
      }),
    );
    const plainBytes = maxBytes - attributeBytes(compress);
    const packer = pack(
      options.pack === undefined
        ? { bytes: Math.min(plainBytes, DEFAULT_PACK_BYTES - attributeBytes(compress)) }
        : { bytes: plainBytes, events: options.pack },
      (events) => {
        const size = events.reduce((bytes, event) => bytes + event.length + 1, 1);
        const made =
          compress === 'none'
            ? [plain(bodyOf(events), events.length, plainBytes)]
            : encodePack(events, compress, maxBytes);
        // It rejects only when the outbox has failed, and every call tells that.
        out.put(made, size).catch(() => {});
      },
    );
    connected = { out, packer, plainBytes, maxBytes, disconnect };
    return connected;
  }

  function push(): void {
    stopLinger?.();
    stopLinger = undefined;
    connected?.packer.flush();
    connected?.out.push();
  }

  function take(
    event: object | string | RawBody,
    { out, packer, plainBytes, maxBytes }: Connected,
  ): Promise<void> | undefined {
    if (out.failure) throw out.failure;
    stopLinger ??= clock.after(lingerMs, push);
    if (event instanceof RawBody) {
      const made = encodeRaw(event, compress, maxBytes).then((message) => [message]);
      return out.put(made, event.bytes.length).then(() => out.room());
    }
    const json = asciiJson(typeof event === 'string' ? event : JSON.stringify(event));
    if (json.length + 2 > plainBytes && bodyOf([json]).length > plainBytes) {
      if (compress === 'none') plain(bodyOf([json]), 1, plainBytes);
      return out.put(encodePack([json], compress, maxBytes), json.length).then(() => out.room());
    }
    packer.add(json);
    return out.room();
  }

  return {
    send(event) {
      if (closed) throw new SourceError('closed', 'this sender is closed: make another with toSqs()');
      if (connected) return take(event, connected);
      connecting ??= connect();
      return connecting.then((made) => take(event, made));
    },
    async flush() {
      const made = await connecting;
      push();
      await made?.out.idle();
    },
    async close() {
      closed = true;
      try {
        const made = await connecting;
        push();
        await made?.out.idle();
      } finally {
        stopLinger?.();
        // After a failure, what is under way may still be acknowledged, and then it counts.
        await connected?.out.landed();
        connected?.disconnect();
      }
      return { ...stats };
    },
    stats: () => ({ ...stats }),
  };
}

/** The queue, and how to let go of it. */
async function open(options: ToSqsOptions) {
  const { queue, concurrency = 4 } = options;
  if (typeof queue !== 'string') return { maxBytes: SQS_MAX_BYTES, ...queue, disconnect: () => {} };
  const opened = await openQueue(queue, options, concurrency);
  return { ...opened, disconnect: () => opened.client.destroy() };
}

function checkOptions(options: ToSqsOptions): void {
  const { lingerMs = 0, compress = 'none' } = options;
  const isCount = (n = 1) => Number.isSafeInteger(n) && n > 0;
  const wrong = (['pack', 'concurrency', 'attempts'] as const).find((name) => !isCount(options[name]));
  const fix = 'change it, or leave it out for its default';
  if (wrong) {
    throw new ConfigError({
      where: `toSqs: ${wrong}`,
      expected: 'a whole number above 0',
      got: String(options[wrong]),
      fix,
    });
  }
  if (!(lingerMs >= 0)) {
    throw new ConfigError({
      where: 'toSqs: lingerMs',
      expected: 'milliseconds, 0 or more',
      got: String(lingerMs),
      fix,
    });
  }
  if (!['none', 'gzip', 'zstd'].includes(compress)) {
    throw new ConfigError({
      where: 'toSqs: compress',
      expected: "'none', 'gzip' or 'zstd'",
      got: JSON.stringify(compress),
      fix,
    });
  }
}
