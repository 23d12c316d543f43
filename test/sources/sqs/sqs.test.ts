import { inject } from 'vitest';
import { sqsSource } from '../../../src/sources/sqs/sqs.ts';
import { sourceContract } from '../../contracts/source.ts';
import { freshQueue } from '../../support/queue.ts';

sourceContract('an SQS queue', async () => {
  const { sqsEndpoint: endpoint, region, ...credentials } = inject('servers');
  const queue = await freshQueue();
  return {
    connect: (options) => sqsSource({ queue: queue.name, endpoint, region, credentials, ...options }),
    send: (bodies) => queue.send(bodies),
    async counts() {
      const { visible, inFlight } = await queue.counts();
      return { waiting: visible, inFlight };
    },
    close: () => queue.drop(),
  };
});
