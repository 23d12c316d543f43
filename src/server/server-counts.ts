import { createMiddleware } from 'hono/factory';
import { routePath } from 'hono/route';
import { CALL_SECONDS, Spread, type SpreadReading } from '../spread.ts';
import type { ServerEnv } from './serving.ts';

/** Requests of one kind since the server began. */
export interface RequestReading {
  readonly method: string;
  /** The route's pattern, never a path that somebody asked for. */
  readonly route: string;
  readonly status: number;
  /** How long they took; a stream, until it began. */
  readonly seconds: SpreadReading;
}

/** What a server counts, in plain fields that somebody reads now and then. */
export interface ServerCounts {
  readonly requests: () => readonly RequestReading[];
  /** A request that did not pass the middleware. */
  readonly add: (method: string, route: string, status: number, ms: number) => void;
  /** Streams that are open. */
  streams: number;
  /** To go before everything else. */
  readonly middleware: ReturnType<typeof createMiddleware<ServerEnv>>;
}

const METHODS = new Set(['GET', 'HEAD', 'POST']);

export function serverCounts(): ServerCounts {
  const kinds = new Map<string, Omit<RequestReading, 'seconds'> & { readonly seconds: Spread }>();

  function add(method: string, route: string, status: number, ms: number): void {
    const key = `${method} ${status} ${route}`;
    const known = kinds.get(key) ?? { method, route, status, seconds: new Spread(CALL_SECONDS) };
    kinds.set(key, known);
    known.seconds.add(ms / 1_000);
  }

  return {
    add,
    streams: 0,
    requests: () => [...kinds.values()].map((each) => ({ ...each, seconds: each.seconds.read() })),
    middleware: createMiddleware<ServerEnv>(async (c, next) => {
      const began = performance.now();
      await next();
      const method = METHODS.has(c.req.method) ? c.req.method : '_OTHER';
      add(method, routePath(c, -1), c.res.status, performance.now() - began);
    }),
  };
}
