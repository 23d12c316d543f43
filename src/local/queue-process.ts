import { buildApp } from 'fauxqs';
import { type Accompanied, accompany } from './accompany.ts';
import type { QueueOptions, QueueReady } from './queue.ts';

/** The process of the local queue: fauxqs, which keeps its messages in memory. Its own `startFauxqs` would listen on every interface. */
accompany(async ({ port, region }: QueueOptions): Promise<Accompanied<QueueReady>> => {
  const app = buildApp({ logger: false, defaultRegion: region });
  const endpoint = await app.listen({ host: '127.0.0.1', port });
  return {
    ready: { endpoint },
    stop: () => app.close(),
  };
});
