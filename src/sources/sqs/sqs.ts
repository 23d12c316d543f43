import type { Source } from '../../source.ts';
import { pullSettings } from '../pull-options.ts';
import { pullSource } from '../pull-source.ts';
import { sqsClient, sqsPools } from './clients.ts';
import { connectQueue } from './connect.ts';
import type { SqsSourceOptions } from './options.ts';
import { sqsQueue } from './sqs-queue.ts';

/** How long deletes wait for company; a FIFO queue's group is blocked meanwhile, so there they do not wait. */
const LINGER_MS = 50;

/**
 * Connects to a queue of SQS, standard or FIFO, and returns it as a {@link Source}. Nothing is received before somebody subscribes.
 *
 * Delivery: at least once; order is not kept. A message is deleted only after it is acknowledged. A crash costs one visibility timeout of delay.
 * A FIFO queue hands out nothing of a group while one of its messages is in flight: a message that is released holds up its group for as long as it
 * stays away, and no other group. `isEmpty()` is what SQS believes of itself, up to a minute old on AWS: it is true at the second empty reading in a row.
 * `stop()` lets the last polls end: at most `waitSeconds`, 1 s by default.
 *
 * @throws ConfigError for an option out of its limits, a queue that does not exist or refuses; SourceError where it cannot be reached.
 * @example
 * const source = await sqsSource({ queue: 'shop-events', region: 'eu-west-1' });
 * source.messages.subscribe((delivery) => delivery.forEach((message) => message.custody.acknowledge()));
 */
export async function sqsSource(options: SqsSourceOptions): Promise<Source> {
  const settings = pullSettings(options);
  const client = sqsClient(options);
  try {
    const { url, name, fifo, warnings } = await connectQueue(client, options);
    for (const { kind, detail } of warnings) settings.warn(kind, detail);
    const pools = await sqsPools(client, options, settings.maxPollers);
    const queue = sqsQueue(url, client, pools, settings.visibilitySeconds);
    const source = pullSource(options.name ?? name, queue, settings, fifo ? 0 : LINGER_MS);
    return { ...source, visibilityMs: settings.visibilitySeconds * 1_000 };
  } catch (error) {
    client.destroy();
    throw error;
  }
}
