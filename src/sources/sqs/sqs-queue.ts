import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message as SqsMessage,
  type QueueAttributeName,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import type { Arrival, Outcome, Queue } from '../queue.ts';
import type { SqsClients } from './clients.ts';
import { type FailedEntry, failureOf, outcomeOfFailed } from './errors.ts';

const DEPTHS: QueueAttributeName[] = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
];
const NO_ATTRIBUTES: Readonly<Record<string, string>> = Object.freeze({});

/**
 * A queue of SQS as the pull source sees it. Each call is one attempt. Entry ids count from 0 in each: message ids may repeat within one, and SQS
 * would refuse it whole.
 */
export function sqsQueue(url: string, clients: SqsClients, visibilitySeconds: number): Queue {
  const { polls, calls, inTime } = clients;
  return {
    failureOf,
    async receive(max, waitSeconds, signal) {
      const command = new ReceiveMessageCommand({
        QueueUrl: url,
        MaxNumberOfMessages: max,
        WaitTimeSeconds: waitSeconds,
        VisibilityTimeout: visibilitySeconds,
        MessageSystemAttributeNames: ['SentTimestamp', 'ApproximateReceiveCount', 'MessageGroupId'],
        MessageAttributeNames: ['All'],
      });
      const { Messages: messages } = await inTime(polls.send(command, { abortSignal: signal }), waitSeconds);
      // SQS leaves the list out when it is empty.
      return messages === undefined ? [] : messages.map(arrival);
    },
    async remove(handles) {
      const Entries = handles.map((handle, index) => ({ Id: String(index), ReceiptHandle: handle }));
      const command = new DeleteMessageBatchCommand({ QueueUrl: url, Entries });
      return outcomes(handles.length, await inTime(calls.send(command)));
    },
    async changeVisibility(changes) {
      const Entries = changes.map(({ handle, seconds }, index) => ({
        Id: String(index),
        ReceiptHandle: handle,
        VisibilityTimeout: seconds,
      }));
      const command = new ChangeMessageVisibilityBatchCommand({ QueueUrl: url, Entries });
      return outcomes(changes.length, await inTime(calls.send(command)));
    },
    async depth() {
      const { Attributes: counts = {} } = await inTime(
        calls.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: DEPTHS })),
      );
      return DEPTHS.reduce((sum, key) => sum + Number(counts[key] ?? 0), 0);
    },
    close: clients.close,
  };
}

function arrival(message: SqsMessage): Arrival {
  const system = message.Attributes;
  return {
    id: message.MessageId ?? '',
    handle: message.ReceiptHandle ?? '',
    body: message.Body ?? '',
    attributes: message.MessageAttributes === undefined ? NO_ATTRIBUTES : texts(message.MessageAttributes),
    group: system?.MessageGroupId,
    sentAt: Number(system?.SentTimestamp ?? 0),
    receiveCount: Number(system?.ApproximateReceiveCount ?? 1),
  };
}

function texts(attributes: NonNullable<SqsMessage['MessageAttributes']>): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, { StringValue: text }] of Object.entries(attributes)) if (text !== undefined) found[name] = text;
  return found;
}

interface BatchReply {
  readonly Successful?: readonly { readonly Id: string | undefined }[] | undefined;
  readonly Failed?: readonly (FailedEntry & { readonly Id: string | undefined })[] | undefined;
}

/** A call that succeeds may have failed for some entries: only those listed as successful are done. */
function outcomes(count: number, reply: BatchReply): Outcome[] {
  const found = Array.from<Outcome>({ length: count }).fill('retry');
  for (const entry of reply.Successful ?? []) found[Number(entry.Id)] = 'done';
  for (const entry of reply.Failed ?? []) found[Number(entry.Id)] = outcomeOfFailed(entry);
  return found;
}
