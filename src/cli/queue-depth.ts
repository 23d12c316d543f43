import { connectQueue } from '../sources/sqs/connect.ts';
import { sqsClient, sqsPools } from '../sources/sqs/clients.ts';
import { sqsQueue } from '../sources/sqs/sqs-queue.ts';
import { queueAtStart } from './at-start.ts';
import type { NamedQueue } from './queues-apart.ts';
import type { QueueSettings } from './settings.ts';

/** What a queue holds, as far as SQS tells. */
export interface QueueDepth extends NamedQueue {
  /** Waiting, delayed, or with workers. */
  readonly messages: number;
}

/**
 * Counts what a queue holds, and receives nothing. It is asked twice, and the larger answer counts: they vary from one of SQS's servers to the next.
 *
 * @throws ConfigError when there is no such queue, it refuses, or it cannot be reached.
 */
export async function queueDepth(queue: QueueSettings): Promise<QueueDepth> {
  const client = sqsClient(queue);
  try {
    const { url, name } = await connectQueue(client, queue);
    const asked = sqsQueue(url, client, await sqsPools(client, queue, 0), 0);
    const counts: number[] = [];
    for (let i = 0; i < 2; i++) {
      const { waiting, inFlight } = await asked.depth();
      counts.push(waiting + inFlight);
    }
    return { source: queue.name ?? name, url, messages: Math.max(...counts) };
  } catch (error) {
    throw queueAtStart(error, queue);
  } finally {
    client.destroy();
  }
}
