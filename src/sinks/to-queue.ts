import { createHash } from 'node:crypto';
import { SendMessageBatchCommand, type SendMessageBatchRequestEntry } from '@aws-sdk/client-sqs';
import { declared, knownOptions } from '../declared.ts';
import { type Duration, milliseconds } from '../duration.ts';
import type { FinalSink, OpenSink, Parcel, SinkDefaults } from '../final-sink.ts';
import { SQS_MAX_BYTES } from '../producer/encode.ts';
import { isFifo, isUrl, nameOf, openQueue, type OpenQueue } from '../producer/queue.ts';
import type { SqsClientOptions } from '../producer/sqs-client.ts';
import { codeOf } from '../sqs-code.ts';

export interface ToQueueOptions extends SqsClientOptions {
  /** Name or URL of an SQS queue; one whose name ends with `.fifo` gets the windows of each key in order. */
  readonly queue: string;
  /** How long an answer may take. Default `'10s'`; at most `'20s'`. */
  readonly timeout?: Duration;
}

/** Requests under way at a time, of one worker. */
const REQUESTS = 5;
const BATCH = 10;
const MAX_TIMEOUT_MS = 20_000;

/** Names the delivery in each message: see `FinalWindow.delivery`. */
const ATTRIBUTE = 'scalestream-delivery';
const ATTRIBUTE_BYTES = ATTRIBUTE.length + 'String'.length;

/**
 * Another SQS queue for `whenFinal`: a message a window. Endpoint, region and credentials are those that the worker's own queue is reached with, unless they
 * stand here or in the queue's URL. A queue that does not exist is an error at the start, and is never made.
 *
 * Delivery: at least once, in no order, each time with the same message attribute `scalestream-delivery`. A FIFO queue gets one group a key, each in order,
 * and drops repeats of five minutes by itself.
 *
 * @throws ConfigError for what can be no queue.
 * @example
 * whenFinal(sales, toQueue({ queue: 'finance' }), { name: 'finance', body: (w) => ({ ...w.key, cents: w.measures.revenue_cents }) });
 */
export function toQueue(options: ToQueueOptions): FinalSink {
  knownOptions(options, ['queue', 'timeout', 'endpoint', 'region', 'credentials'], 'toQueue');
  const isGiven: boolean = typeof options.queue === 'string';
  declared(isGiven, 'toQueue', 'the name or URL of a queue', options.queue, "toQueue({ queue: 'finance' })");
  const { queue, timeout = '10s', ...access } = options;
  const timeoutMs = milliseconds(timeout, 'toQueue timeout');
  declared(timeoutMs <= MAX_TIMEOUT_MS, 'toQueue timeout', 'at most 20s', timeout, "timeout: '10s'");
  const ordered = isFifo(nameOf(queue, true));
  return {
    kind: 'sink',
    name: `queue '${queue}'`,
    ordered,
    open: async (defaults) =>
      openSink(await openQueue(queue, accessTo(queue, access, defaults), REQUESTS, true), ordered, timeoutMs),
  };
}

/** A URL says itself where its queue is. */
function accessTo(
  queue: string,
  own: SqsClientOptions,
  { endpoint, region, credentials }: SinkDefaults,
): SqsClientOptions {
  const given = Object.entries({ ...(isUrl(queue) ? {} : { endpoint, region, credentials }), ...own });
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

function openSink({ client, queueUrl, maxBytes }: OpenQueue, ordered: boolean, timeoutMs: number): OpenSink {
  async function sendBatch(batch: readonly Parcel[]): Promise<readonly (readonly [string, string])[]> {
    try {
      const answer = await client.send(
        new SendMessageBatchCommand({
          QueueUrl: queueUrl,
          Entries: batch.map((parcel, i) => entryOf(parcel, String(i), ordered)),
        }),
        { abortSignal: AbortSignal.timeout(timeoutMs) },
      );
      const sent = new Set((answer.Successful ?? []).map((entry) => Number(entry.Id)));
      const failed = new Map((answer.Failed ?? []).map(({ Id, Code, Message }) => [Number(Id), `${Code}: ${Message}`]));
      // What the answer does not name did not arrive either.
      return batch.flatMap(({ delivery }, i) =>
        sent.has(i) ? [] : [[delivery, failed.get(i) ?? 'not in the answer of SQS'] as const],
      );
    } catch (error) {
      // The code alone: the text of a wrong signature holds the token of the session.
      return batch.map(({ delivery }) => [delivery, `SendMessageBatch: ${codeOf(error)}`] as const);
    }
  }

  return {
    most: REQUESTS * BATCH,
    queue: queueUrl,
    async send(parcels) {
      const large = parcels.filter((parcel) => sizeOf(parcel) > maxBytes);
      const batches = batchesOf(parcels.filter((parcel) => !large.includes(parcel)));
      const refused = large.map((parcel) => [parcel.delivery, `${sizeOf(parcel)} bytes: the queue takes ${maxBytes}`]);
      return new Map([...refused, ...(await Promise.all(batches.map(sendBatch))).flat()] as [string, string][]);
    },
    close: () => client.destroy(),
  };
}

function entryOf({ delivery, line, body }: Parcel, id: string, ordered: boolean): SendMessageBatchRequestEntry {
  return {
    Id: id,
    MessageBody: body,
    MessageAttributes: { [ATTRIBUTE]: { DataType: 'String', StringValue: delivery } },
    ...(ordered
      ? { MessageGroupId: line, MessageDeduplicationId: createHash('sha256').update(delivery).digest('hex') }
      : {}),
  };
}

const sizeOf = ({ delivery, body }: Parcel): number => Buffer.byteLength(body) + ATTRIBUTE_BYTES + delivery.length;

/** As few requests as hold them, in order. */
function batchesOf(parcels: readonly Parcel[]): Parcel[][] {
  const batches: Parcel[][] = [];
  let bytes = 0;
  for (const parcel of parcels) {
    const last = batches.at(-1);
    bytes += sizeOf(parcel);
    if (last && last.length < BATCH && bytes <= SQS_MAX_BYTES) last.push(parcel);
    else {
      batches.push([parcel]);
      bytes = sizeOf(parcel);
    }
  }
  return batches;
}
