import { GetQueueAttributesCommand, type QueueAttributeName, type SQSClient } from '@aws-sdk/client-sqs';
import { SourceError } from '../../errors.ts';
import type { Arrival, Outcome, Queue } from '../queue.ts';
import type { SqsPools } from './clients.ts';
import { type FailedEntry, failureOf, outcomeOfFailed } from './errors.ts';

const [VISIBLE, IN_FLIGHT, DELAYED] = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const satisfies readonly QueueAttributeName[];
const NO_ATTRIBUTES: Readonly<Record<string, string>> = Object.freeze({});
/** Beyond its wait a poll may take this long. */
const POLL_GRACE_MS = 10_000;
const CALL_MS = 5_000;

/**
 * A queue of SQS as the pull source sees it. Each call is one attempt: pollers, settlements and leases have their own way to try again. Entry ids
 * count from 0 in each call: message ids may repeat within one, and SQS refuses it whole.
 */
export function sqsQueue(url: string, client: SQSClient, pools: SqsPools, visibilitySeconds: number): Queue {
  return {
    id: url,
    failureOf,
    async receive(max, waitSeconds, signal) {
      const input = {
        QueueUrl: url,
        MaxNumberOfMessages: max,
        WaitTimeSeconds: waitSeconds,
        VisibilityTimeout: visibilitySeconds,
        MessageSystemAttributeNames: ['SentTimestamp', 'ApproximateReceiveCount', 'MessageGroupId', 'AWSTraceHeader'],
        MessageAttributeNames: ['All'],
      };
      const reply = await pools.poll('ReceiveMessage', input, waitSeconds * 1_000 + POLL_GRACE_MS, signal);
      // SQS leaves the list out when it is empty.
      return ((reply as { readonly Messages?: readonly SqsMessage[] }).Messages ?? []).map(arrival);
    },
    async remove(handles) {
      const Entries = handles.map((handle, index) => ({ Id: String(index), ReceiptHandle: handle }));
      return outcomes(handles.length, await pools.call('DeleteMessageBatch', { QueueUrl: url, Entries }, CALL_MS));
    },
    async changeVisibility(changes) {
      const Entries = changes.map(({ handle, seconds }, index) => ({
        Id: String(index),
        ReceiptHandle: handle,
        VisibilityTimeout: seconds,
      }));
      const reply = await pools.call('ChangeMessageVisibilityBatch', { QueueUrl: url, Entries }, CALL_MS);
      return outcomes(changes.length, reply);
    },
    async depth() {
      const AttributeNames = [VISIBLE, IN_FLIGHT, DELAYED];
      const { Attributes = {} } = await client.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames }));
      const count = (name: QueueAttributeName): number => {
        const text = Attributes[name];
        // A count that is not told is not zero: nobody may take the queue for empty.
        if (text === undefined) throw new SourceError('NO_COUNT', `queue '${url}' does not tell its ${name}`);
        return Number(text);
      };
      return { waiting: count(VISIBLE) + count(DELAYED), inFlight: count(IN_FLIGHT) };
    },
    close() {
      pools.close();
      client.destroy();
    },
  };
}

/** A message in SQS's JSON protocol. */
interface SqsMessage {
  readonly MessageId: string;
  readonly ReceiptHandle: string;
  readonly Body?: string;
  readonly Attributes?: Readonly<Record<string, string>>;
  readonly MessageAttributes?: Readonly<Record<string, { readonly StringValue?: string }>>;
}

function arrival(message: SqsMessage): Arrival {
  const system = message.Attributes;
  return {
    id: message.MessageId,
    handle: message.ReceiptHandle,
    body: message.Body ?? '',
    attributes: message.MessageAttributes === undefined ? NO_ATTRIBUTES : texts(message.MessageAttributes),
    group: system?.['MessageGroupId'],
    awsTraceHeader: system?.['AWSTraceHeader'],
    sentAt: Number(system?.['SentTimestamp'] ?? Date.now()), // SQS always says it; an emulator may not
    receiveCount: Number(system?.['ApproximateReceiveCount'] ?? 1),
  };
}

function texts(attributes: NonNullable<SqsMessage['MessageAttributes']>): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, { StringValue: text }] of Object.entries(attributes)) if (text !== undefined) found[name] = text;
  return found;
}

interface BatchReply {
  readonly Successful?: readonly { readonly Id: string }[];
  readonly Failed?: readonly (FailedEntry & { readonly Id: string })[];
}

/** A call that succeeds may have failed for some entries: only those listed as successful are done. */
function outcomes(count: number, answer: unknown): Outcome[] {
  const reply = answer as BatchReply;
  const found = Array.from<Outcome>({ length: count }).fill('retry');
  for (const entry of reply.Successful ?? []) found[Number(entry.Id)] = 'done';
  for (const entry of reply.Failed ?? []) found[Number(entry.Id)] = outcomeOfFailed(entry);
  return found;
}
