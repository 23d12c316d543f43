import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';

/** What the queue says of itself: waiting, received and not yet deleted, delayed. */
export interface QueueCounts {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}

/** A queue of its own for a test, and a client for it. */
export interface FreshQueue {
  readonly url: string;
  readonly name: string;
  readonly client: SQSClient;
  /** Sends each body as one message, in order; to a FIFO queue in the group that `groupOf` names. */
  send(bodies: readonly string[], groupOf?: (body: string) => string): Promise<void>;
  counts(): Promise<QueueCounts>;
  /** Deletes the queue and ends the client. */
  drop(): Promise<void>;
}

/** A client of the run's SQS server. The endpoint is given: the host in the server's queue URLs does not resolve everywhere. */
export function sqsClient(): SQSClient {
  const { sqsEndpoint, region, accessKeyId, secretAccessKey } = inject('servers');
  return new SQSClient({ endpoint: sqsEndpoint, region, credentials: { accessKeyId, secretAccessKey } });
}

/** Makes an empty queue, with the attributes of `CreateQueue` (`VisibilityTimeout`, `RedrivePolicy`, `FifoQueue`, …). */
export async function freshQueue(attributes: Readonly<Record<string, string>> = {}): Promise<FreshQueue> {
  const client = sqsClient();
  const name = `test-${randomBytes(6).toString('hex')}${attributes['FifoQueue'] === 'true' ? '.fifo' : ''}`;
  const { QueueUrl: url = '' } = await client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
  return {
    url,
    name,
    client,
    async send(bodies, groupOf) {
      for (const batch of batches(bodies)) {
        const Entries = batch.map((MessageBody, i) => ({
          Id: String(i),
          MessageBody,
          ...(groupOf && { MessageGroupId: groupOf(MessageBody) }),
        }));
        const { Failed = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
        if (Failed.length > 0) throw new Error(`the queue refused ${Failed.length} messages: ${Failed[0]?.Message}`);
      }
    },
    async counts() {
      const { Attributes = {} } = await client.send(
        new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }),
      );
      return {
        visible: Number(Attributes['ApproximateNumberOfMessages']),
        inFlight: Number(Attributes['ApproximateNumberOfMessagesNotVisible']),
        delayed: Number(Attributes['ApproximateNumberOfMessagesDelayed']),
      };
    },
    async drop() {
      await client.send(new DeleteQueueCommand({ QueueUrl: url }));
      client.destroy();
    },
  };
}

const MAX_ENTRIES = 10;
/** Of a batch of SQS: 1 MiB. */
const MAX_BYTES = 1_048_576;

function batches(bodies: readonly string[]): string[][] {
  const all: string[][] = [];
  let bytes = 0;
  for (const body of bodies) {
    const size = Buffer.byteLength(body);
    const last = all.at(-1);
    if (last === undefined || last.length === MAX_ENTRIES || bytes + size > MAX_BYTES) {
      all.push([body]);
      bytes = size;
    } else {
      last.push(body);
      bytes += size;
    }
  }
  return all;
}
