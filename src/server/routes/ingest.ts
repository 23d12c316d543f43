import { Hono, type TypedResponse } from 'hono';
import { createMiddleware } from 'hono/factory';
import { declared } from '../../declared.ts';
import type { Ingest } from '../ingest/ingest.ts';
import { closing } from '../ingest/problems.ts';
import { type IngestAnswer, receive } from '../ingest/receive.ts';
import { readQuery } from '../parameters.ts';
import { named, notThere, Problem, problemResponse } from '../problem.ts';
import { pipelineNamed, queryOf, type ServerEnv, type Serving } from '../serving.ts';
import { boundElsewhere } from '../understand.ts';

/** Ways into the queues of pipelines, by the pipeline's name. */
export type Ingests = ReadonlyMap<string, Ingest>;

export interface IngestRouteOptions {
  readonly ingest: Ingests;
  readonly isStopping: () => boolean;
}

/** Nothing but a type: the body that the route takes, for the typed client. */
const takesEvents = createMiddleware<
  ServerEnv,
  string,
  { in: { json: object | readonly object[] }; out: { json: object | readonly object[] } }
>(async (_, next) => {
  await next();
});

/** Events of a pipeline, into its queue. */
export function ingestRoute(serving: Serving, { ingest, isStopping }: IngestRouteOptions) {
  const receivers = new Map<string, ReturnType<typeof receive>>();
  for (const [name, into] of ingest) {
    const pipeline = serving.pipelines.get(name);
    declared(pipeline !== undefined, 'ingest', 'pipelines that are served', name, `add '${name}' to pipelines`);
    receivers.set(name, receive(pipeline.events, into));
  }
  return new Hono<ServerEnv>()
    .post('/v1/events/:pipeline', takesEvents, async (c): Promise<IngestResponse> => {
      const { name } = pipelineNamed(serving, c.req.param('pipeline'));
      const { name: caller, keys } = c.get('caller');
      const into = receivers.get(name);
      if (!into) throw noIngest(name);
      // which windows an event belongs to is known once it is folded
      if (Object.keys(keys).length > 0) throw boundElsewhere('events, which may be of any key');
      readQuery(queryOf(c), {});
      if (isStopping()) throw closing();
      const answer = await into(c.req, [name, caller]);
      return c.json(answer, answer.rejected === 0 ? 202 : 207, { 'cache-control': 'no-store' }) as IngestResponse;
    })
    .all('/v1/events/:pipeline', (c) => problemResponse(onlyPost(c.req.method)));
}

type IngestResponse = TypedResponse<IngestAnswer, 202 | 207, 'json'> & Response;

const noIngest = (pipeline: string): Problem =>
  notThere(
    'ingest',
    `'${pipeline}' takes no events here`,
    'a server that was told its queue',
    'one that was not',
    'serve --ingest-queue QUEUE, or send them to the queue',
  );

const onlyPost = (method: string): Problem =>
  new Problem({
    status: 405,
    code: 'method',
    title: 'only sending',
    expected: 'POST',
    got: named(method),
    fix: 'use POST',
    headers: { allow: 'POST' },
  });
