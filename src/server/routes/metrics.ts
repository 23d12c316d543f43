import { Hono } from 'hono';
import type { ServerEnv } from '../serving.ts';
import { boundElsewhere } from '../understand.ts';

/** All metrics of the process, in Prometheus's text format. They are of all keys: who is bound to some gets none. */
export const metricsRoute = (metrics: () => Promise<string>) =>
  new Hono<ServerEnv>().get('/metrics', async (c) => {
    if (Object.keys(c.get('caller').keys).length > 0) throw boundElsewhere('metrics, which are of all keys');
    return c.body(await metrics(), 200, {
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
      'cache-control': 'no-store',
    });
  });
