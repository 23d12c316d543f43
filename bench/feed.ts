import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { sqsClient } from '../src/producer/sqs-client.ts';
import { toSqs } from '../src/producer/to-sqs.ts';
import type { Scene } from './stage.ts';
import { trafficTexts } from './traffic.ts';

/** What the feeding process is told. */
export interface FeedTask extends Pick<Scene, 'endpoint' | 'region' | 'queueUrl' | 'accessKeyId' | 'secretAccessKey'> {
  readonly events: number;
  readonly pack: number;
  /** Messages that may wait in the queue. */
  readonly backlog: number;
}

/** Keeps a queue filled up to its backlog until all events are sent, then says so: a process of its own. */
const [task] = (await once(process, 'message')) as [FeedTask];
const { endpoint, region, queueUrl, accessKeyId, secretAccessKey, events, pack, backlog } = task;
const client = sqsClient(
  { endpoint, region, credentials: { accessKeyId, secretAccessKey } },
  { sockets: 4, attempts: 3 },
);
const sender = toSqs({ queue: { client, queueUrl }, pack });
let untilLook = 0;
for (const event of trafficTexts(events)) {
  if (--untilLook < 0) {
    while ((await waiting()) >= backlog) await wait(50);
    untilLook = (pack * backlog) / 10;
  }
  const room = sender.send(event);
  if (room) await room;
}
await sender.close();
client.destroy();
process.send?.('fed');
process.disconnect?.();

async function waiting(): Promise<number> {
  const { Attributes: attributes } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
  );
  return Number(attributes?.['ApproximateNumberOfMessages'] ?? 0);
}
