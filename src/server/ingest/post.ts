import type { SQSClient } from '@aws-sdk/client-sqs';
import type { Clock } from '../../clock.ts';
import { type Outgoing, plain } from '../../producer/encode.ts';
import { outbox } from '../../producer/outbox.ts';
import { pack } from '../../producer/pack.ts';
import { sendBatch } from '../../producer/send-batch.ts';

/** The events of one request on their way. */
export interface Posted {
  /** Resolves when the queue has accepted all of them, or will not. */
  readonly settled: Promise<void>;
  /** Places of those that the queue has not accepted so far, in order. */
  unsent(): readonly number[];
}

export interface PostOptions {
  readonly client: SQSClient;
  readonly queueUrl: string;
  /** The most bytes of a message. */
  readonly maxBytes: number;
  /** How long an event may wait for its message and its batch to fill, milliseconds. */
  readonly lingerMs: number;
  /** Requests to the queue under way at a time. */
  readonly concurrency: number;
  /** How often a batch is tried. */
  readonly attempts: number;
  readonly clock: Clock;
  /** 0 to 1, for the jitter of the pauses. */
  readonly random: () => number;
  readonly onAccepted: (events: number) => void;
  /** A batch was given up. */
  readonly onFailed: (error: unknown) => void;
}

/** What SQS bills as one request. */
const PACK_BYTES = 65_536;

/** The events of a request, and which of them the queue has accepted. */
interface Parcel {
  readonly accepted: Uint8Array;
  left: number;
  readonly settle: () => void;
}

/** Whose an event in a message is: a place in a parcel. */
interface Stamp {
  readonly parcel: Parcel;
  readonly place: number;
}

/** A message that knows whose its events are. What is sent may be a copy of it, with attributes more; that knows it too. */
interface Letter extends Outgoing {
  /** Empty once its senders know what became of it. */
  readonly stamps: Stamp[];
}

/**
 * Sends the events of many requests together: packs them into messages, messages into batches, and tells each request what became of its own.
 *
 * Delivery: at least once. What is not accepted in the end was perhaps accepted all the same, where an answer was lost.
 *
 * @returns a function of the JSON texts (ASCII) of a request's events, each of which fits a message.
 */
export function post({ lingerMs, concurrency, onAccepted, onFailed, ...to }: PostOptions) {
  const { clock, maxBytes } = to;
  const waiting: Stamp[] = [];
  let lingers = false;

  const out = outbox(concurrency, async (batch) => {
    try {
      await sendBatch(batch, {
        ...to,
        onSent: (message) => settle(message as Letter, true),
        onRequest: () => undefined,
      });
    } catch (error) {
      onFailed(error);
    }
    for (const message of batch) settle(message as Letter, false);
  });

  const packer = pack({ bytes: Math.min(maxBytes, PACK_BYTES) }, (events) => {
    // always an array: an object alone might pass for the envelope of SNS or EventBridge
    const message = plain(`[${events.join(',')}]`, events.length, maxBytes);
    const letter: Letter = { ...message, stamps: waiting.splice(0, events.length) };
    void out.put([letter], letter.bytes);
  });

  function settle({ stamps }: Letter, accepted: boolean): void {
    const own = stamps.splice(0);
    if (accepted && own.length > 0) onAccepted(own.length);
    for (const { parcel, place } of own) {
      if (accepted) parcel.accepted[place] = 1;
      if (--parcel.left === 0) parcel.settle();
    }
  }

  function push(): void {
    lingers = false;
    packer.flush();
    out.push();
  }

  return (texts: readonly string[]): Posted => {
    const { promise: settled, resolve: settle } = Promise.withResolvers<void>();
    const parcel: Parcel = { accepted: new Uint8Array(texts.length), left: texts.length, settle };
    if (texts.length === 0) settle();
    for (let place = 0; place < texts.length; place++) {
      waiting.push({ parcel, place }); // before the event, which may complete a pack
      packer.add(texts[place] as string);
    }
    if (texts.length > 0 && !lingers) {
      lingers = true;
      clock.after(lingerMs, push);
    }
    return {
      settled,
      unsent: () => texts.flatMap((_, place) => (parcel.accepted[place] === 1 ? [] : [place])),
    };
  };
}
