import { once } from 'node:events';
import storefront from '../../src/pipelines/storefront.ts';
import { listen, metricsApi, openIngest, readDatabase } from '../../src/server/index.ts';
import type { ServerTask } from './task.ts';

/** The API as it is served, a process of its own. */
const [{ queue, endpoint, region, ...credentials }] = (await once(process, 'message')) as [ServerTask];
const ingest = await openIngest({ queue, endpoint, region, credentials });
// nothing that is measured asks it
const database = readDatabase({ url: 'postgres://127.0.0.1:1/nowhere' });
const api = metricsApi({
  pipelines: [storefront],
  database,
  ingest: new Map([[storefront.name, ingest]]),
  // all of it comes from one address
  rateLimit: { perSecond: 1e6, burst: 1e6 },
});
const server = await listen(api, { port: 0 });
process.send?.(server.url);
await once(process, 'disconnect');
await server.close(1_000);
await ingest.close(1_000);
await database.close();
