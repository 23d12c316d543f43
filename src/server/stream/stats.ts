import { Hono } from 'hono';
import { type Problem, problemResponse } from '../problem.ts';
import { pipelineRoute } from '../routes/pipelines.ts';
import type { ServerEnv, Serving } from '../serving.ts';
import type { Caller } from '../tokens.ts';

/** Who is told how far a pipeline is. */
export interface StatsListener {
  tell(event: 'stats' | 'trouble', of: string, data: string): void;
}

/** Tells how far pipelines are, once a second at most: the body of their route, for the same caller. */
export interface Stats {
  /** @returns what ends it. */
  follow(pipeline: string, caller: Caller, listener: StatsListener): () => void;
}

const EVERY_MS = 1_000;

export function stats(serving: Serving, onError: (error: unknown) => Problem): Stats {
  const loops = new Map<string, ReturnType<typeof loop>>();

  function loop(pipeline: string, caller: Caller, onEnd: () => void) {
    const route = new Hono<ServerEnv>().use(async (c, next) => {
      c.set('caller', caller);
      await next();
    });
    route.route('/', pipelineRoute(serving)).onError((error) => problemResponse(onError(error)));
    const listeners = new Set<StatsListener>();
    let last: { readonly event: 'stats' | 'trouble'; readonly data: string } | undefined;
    let timer: NodeJS.Timeout | undefined;
    let running = false;

    async function run(): Promise<void> {
      running = true;
      const response = await route.request(`/v1/pipelines/${pipeline}`);
      const next = { event: response.ok ? ('stats' as const) : ('trouble' as const), data: await response.text() };
      if (next.data !== last?.data) for (const listener of listeners) listener.tell(next.event, '', next.data);
      last = next;
      running = false;
      if (listeners.size > 0) timer = setTimeout(() => void run(), EVERY_MS);
      else onEnd();
    }

    return {
      add(listener: StatsListener): void {
        listeners.add(listener);
        if (last) listener.tell(last.event, '', last.data);
        else if (!running) void run();
      },
      remove(listener: StatsListener): void {
        listeners.delete(listener);
        if (listeners.size > 0 || running) return;
        clearTimeout(timer);
        onEnd();
      },
    };
  }

  return {
    follow(pipeline, caller, listener) {
      const key = JSON.stringify([pipeline, caller.keys, caller.scopes]);
      let own = loops.get(key);
      if (!own) loops.set(key, (own = loop(pipeline, caller, () => loops.delete(key))));
      own.add(listener);
      const { remove } = own;
      return () => remove(listener);
    },
  };
}
