import { once } from 'node:events';
import { Hono } from 'hono';
import storefront from '../../src/pipelines/storefront.ts';
import { listen, metricsApi, readDatabase } from '../../src/server/index.ts';
import type { ServingTask } from './task.ts';

/** All that is measured comes from one address. */
const UNLIMITED = { perSecond: 1e6, burst: 1e6 };

/** The API as it is served, or a Hono route that returns a constant string: a process of its own. */
const [task] = (await once(process, 'message')) as [ServingTask];
const database = 'databaseUrl' in task ? readDatabase({ url: task.databaseUrl }) : undefined;
const app = database
  ? metricsApi({ pipelines: [storefront], database, rateLimit: UNLIMITED })
  : constant('bytes' in task ? task.bytes : 0);
const server = await listen(app, { port: 0 });
process.send?.(server.url);
await once(process, 'disconnect');
await server.close(1_000);
await database?.close();

function constant(bytes: number): Hono {
  const text = 'x'.repeat(bytes);
  return new Hono().get('*', (c) => c.body(text, 200, { 'content-type': 'application/json' }));
}
