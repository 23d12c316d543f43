import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context, TypedResponse } from 'hono';
import { createMiddleware } from 'hono/factory';
import { routePath } from 'hono/route';
import type { AnyEvent } from '../event-table.ts';
import { didYouMean } from '../declared.ts';
import type { Pipeline } from '../pipeline.ts';
import type { WindowTable } from '../window-table.ts';
import type { AnswerCache, Draft, Given } from './answer-cache.ts';
import { isKnown } from './etag.ts';
import { named, notThere } from './problem.ts';
import type { ReadDatabase } from './read-database.ts';
import type { Caller } from './tokens.ts';

/** How much one request may ask for. */
export interface Limits {
  /** Rows of windows (and of their items) that a question may read to be answered. Default 200,000. */
  readonly maxWindows: number;
  /** Buckets of one roll-up. Default 10,000. */
  readonly maxBuckets: number;
  /** Raw events that one question for the events of a window reads. Default 20,000. */
  readonly maxEvents: number;
}

/** What routes answer from. */
export interface Serving {
  readonly pipelines: ReadonlyMap<string, Pipeline>;
  readonly database: ReadDatabase;
  readonly cache: AnswerCache;
  readonly limits: Limits;
}

/** What is known of a request; of its connection, where it came over one (see `listen`). */
export interface ServerEnv {
  Variables: {
    caller: Caller;
    /** What a route answered with, where others may be given it too; and its pattern. */
    given?: Given & { readonly route: string };
  };
  Bindings: {
    readonly incoming?: IncomingMessage;
    readonly outgoing?: ServerResponse;
    /** Aborted when the server ends. */
    readonly stopping?: AbortSignal;
  };
}

/** Where a request came from; nothing of it where the app is called in its own process. */
export const connectionOf = (c: Context<ServerEnv>): ServerEnv['Bindings'] => ({ ...c.env });

/** Nothing but a type: the query that a route takes, for the typed client. Routes read it by their parameters. */
export const takes = <Q>() =>
  createMiddleware<ServerEnv, string, { in: { query: Q }; out: { query: Q } }>(async (_, next) => {
    await next();
  });

/** @throws Problem where there is no such pipeline. */
export function pipelineNamed({ pipelines }: Serving, name: string): Pipeline {
  const pipeline = pipelines.get(name);
  if (pipeline) return pipeline;
  const names = [...pipelines.keys()];
  const fix = didYouMean(name.slice(0, 60), names) ?? 'see /v1/pipelines';
  throw notThere('pipeline', 'no such pipeline', names.join(', '), named(name), fix);
}

/** @throws Problem where the pipeline has no such window table. */
export function tableNamed({ windows, over }: Pipeline, name: string): WindowTable<AnyEvent> {
  const tables = [...windows, ...over];
  const table = tables.find((each) => each.name === name);
  if (table) return table;
  const names = tables.map((each) => each.name);
  const fix = didYouMean(name.slice(0, 60), names) ?? 'see its pipeline';
  throw notThere('table', 'no such window table', names.join(', ') || 'none', named(name), fix);
}

/** The query of a request, as it came. */
export const queryOf = (c: Context): URLSearchParams => {
  const at = c.req.url.indexOf('?');
  return new URLSearchParams(at === -1 ? '' : c.req.url.slice(at));
};

/** Answers from the cache; with 304 where the caller has it already. `Body` is nothing but a type. */
export async function answered<Body>(
  c: Context,
  { cache }: Serving,
  asked: readonly unknown[],
  make: () => Promise<Draft>,
): Promise<TypedResponse<Body, 200, 'json'> & Response> {
  const given = await cache.get(JSON.stringify(asked), make);
  const { body, etag, contentType, headers } = given.answer;
  const own = { ...headers, etag, 'cache-control': 'private, no-cache', vary: 'authorization' };
  c.set('given', { ...given, route: routePath(c) });
  const response = isKnown(c.req.header('if-none-match'), etag)
    ? new Response(null, { status: 304, headers: own })
    : new Response(body, { headers: { ...own, 'content-type': contentType } });
  return response as TypedResponse<Body, 200, 'json'> & Response;
}
