import { inject, onTestFinished } from 'vitest';
import type { Source } from '../../src/source.ts';
import type { SqsSourceOptions } from '../../src/sources/sqs/options.ts';
import { sqsSource } from '../../src/sources/sqs/sqs.ts';
import { type FreshQueue, freshQueue } from './queue.ts';
import { type SqsProxy, sqsProxy } from './sqs-proxy.ts';

/** A queue of its own for one test, behind a proxy that can misbehave. Gone when the test is over. */
export interface ProxiedQueue {
  readonly queue: FreshQueue;
  readonly proxy: SqsProxy;
  readonly options: SqsSourceOptions;
  /** `kind: detail`, as the sources warned. */
  readonly warnings: readonly string[];
  readonly connect: (options?: Partial<SqsSourceOptions>) => Promise<Source>;
}

/** Makes a queue with a dead-letter queue's worth of patience: no warning at connect is of interest here, so they are left out. */
export async function proxiedQueue(bodies: readonly string[] = []): Promise<ProxiedQueue> {
  const { sqsEndpoint, region, accessKeyId, secretAccessKey } = inject('servers');
  const queue = await freshQueue();
  const proxy = await sqsProxy(sqsEndpoint);
  const warnings: string[] = [];
  const credentials = { accessKeyId, secretAccessKey };
  const options: SqsSourceOptions = {
    queue: queue.name,
    endpoint: proxy.endpoint,
    region,
    credentials,
    waitSeconds: 1,
  };
  onTestFinished(async () => {
    await proxy.close();
    await queue.drop();
  });
  await queue.send(bodies);
  return {
    queue,
    proxy,
    options,
    warnings,
    connect: (own) =>
      sqsSource({
        ...options,
        onWarning(kind, detail) {
          if (kind !== 'no-dead-letter-queue') warnings.push(`${kind}: ${detail}`);
        },
        ...own,
      }),
  };
}

/** For `vi.waitFor`: as long as a loaded machine may need. */
export const PATIENCE = { timeout: 20_000, interval: 5 };

export const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `message ${i}`);
