import { setTimeout as wait } from 'node:timers/promises';
import {
  GetQueueAttributesCommand,
  type MessageAttributeValue,
  SendMessageBatchCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { encodePack, type Outgoing, SQS_MAX_BYTES } from '../../src/producer/encode.ts';
import type { Random } from '../../src/producer/random.ts';
import type { Input } from './parcel.ts';
import { SERIAL } from './queue-treatment.ts';
import type { Manifest, Shipments } from './shipments.ts';
import type { Tally } from './tally.ts';

export interface FeederOptions {
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly input: Input;
  readonly shipments: Shipments;
  readonly random: Random;
  readonly tally: Tally;
  /** Messages that may wait in the queue. */
  readonly backlog: number;
  /** Whether to send another batch now, to wait, or to end. */
  readonly wants: () => 'more' | 'wait' | 'end';
}

const BATCH = 10;
const LOOK_MS = 50;
const LEAST_PACK = 100;
const MOST_PACK = 400;
/** The part of the messages that is compressed, and that is sent a second time as another message, as a producer does that got no answer. */
const COMPRESSED = 0.03;
const SENT_TWICE = 0.02;

interface Packed {
  readonly message: Outgoing;
  readonly manifest: Manifest;
}

/** Fills a queue as fast as its workers empty it, until told to end. The way to the queue is free of faults: what was sent is known. */
export async function feed(options: FeederOptions): Promise<void> {
  const { client, queueUrl, input, shipments, random, tally, backlog, wants } = options;
  let again: Packed[] = [];
  for (;;) {
    const next = wants();
    if (next === 'end') break;
    if (next === 'wait' || (await waiting()) >= backlog) {
      await wait(LOOK_MS);
      continue;
    }
    const batch = again.splice(0, 1);
    for (const { manifest } of batch) sentTwice(manifest);
    while (batch.length < BATCH) batch.push(await pack());
    await send(batch);
    again = [...again, ...batch.filter(() => random.float() < SENT_TWICE)];
  }

  async function pack(): Promise<Packed> {
    const { texts, manifest } = await input.next(LEAST_PACK + random.below(MOST_PACK - LEAST_PACK));
    const kind = random.float() < COMPRESSED ? 'gzip' : 'none';
    const [message] = await encodePack(texts, kind);
    tally.add('input messages');
    tally.add('input events sent', texts.length);
    return { message: message as Outgoing, manifest };
  }

  /** Rejects that are known by their message alone are kept once for each message. */
  function sentTwice({ rejects, events }: Manifest): void {
    tally.add('input messages sent twice');
    tally.add('input events sent', events + rejects.length);
    for (const { ordinal, reason, body } of rejects) if (ordinal !== undefined) input.books.reject(reason, body);
  }

  /** Several requests where one would be too large. */
  async function send(batch: readonly Packed[]): Promise<void> {
    const bytes = batch.reduce((sum, { message }) => sum + message.bytes + 100, 0);
    if (bytes > SQS_MAX_BYTES && batch.length > 1) {
      const half = batch.length >> 1;
      await send(batch.slice(0, half));
      return send(batch.slice(half));
    }
    const Entries = batch.map(({ message, manifest }, index) => ({
      Id: String(index),
      MessageBody: message.body,
      MessageAttributes: { ...message.attributes, [SERIAL]: text(String(shipments.ship(manifest).serial)) },
    }));
    const { Failed = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    if (Failed.length > 0) throw new Error(`the queue refused ${Failed.length} messages: ${Failed[0]?.Message}`);
  }

  async function waiting(): Promise<number> {
    const { Attributes: attributes } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
    );
    return Number(attributes?.['ApproximateNumberOfMessages'] ?? 0);
  }
}

const text = (StringValue: string): MessageAttributeValue => ({ DataType: 'String', StringValue });
