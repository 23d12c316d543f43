import { Hono } from 'hono';
import type { ServerEnv } from '../serving.ts';

/** All metrics of the process, in Prometheus's text format. */
export const metricsRoute = (metrics: () => Promise<string>) =>
  new Hono<ServerEnv>().get('/metrics', async (c) =>
    c.body(await metrics(), 200, {
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
      'cache-control': 'no-store',
    }),
  );
