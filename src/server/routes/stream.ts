import { Hono, type TypedResponse } from 'hono';
import { connectionOf, pipelineNamed, queryOf, type ServerEnv, type Serving, takes } from '../serving.ts';
import type { Streams } from '../stream/streams.ts';
import { understandStream } from '../stream/stream-query.ts';
import type { Tickets } from '../stream/tickets.ts';
import { lastEventIdOf } from '../ticketed.ts';

/** The query of a stream; all of it is optional. */
export interface StreamQuery {
  table?: string | string[];
  from?: string;
  limit?: string;
  measures?: string;
  numbers?: 'json' | 'text';
  stats?: 'true' | 'false';
  lastEventId?: string;
  ticket?: string;
  [key: `key.${string}`]: string | string[];
}

/** Proxies neither keep it nor gather it up; nothing comes after it on its connection. */
const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
  connection: 'close',
};

/** Windows as they change, and how far the pipeline is, as server-sent events. */
export const streamRoute = (serving: Serving, streams: Streams, tickets: Tickets) =>
  new Hono<ServerEnv>().get(
    '/v1/pipelines/:pipeline/stream',
    takes<StreamQuery>(),
    async (c): Promise<StreamResponse> => {
      const pipeline = pipelineNamed(serving, c.req.param('pipeline'));
      const caller = c.get('caller');
      const query = queryOf(c);
      const asked = { ...understandStream(pipeline, query, caller), lastEventId: lastEventIdOf(c) };
      const ticket = query.get('ticket');
      const { outgoing, stopping } = connectionOf(c);
      const client = {
        caller,
        proof: ticket === null ? undefined : tickets.proof(ticket),
        cut: () => void outgoing?.destroy(),
        stopping,
      };
      const body = c.req.method === 'HEAD' ? null : await streams.open(pipeline, asked, client);
      return new Response(body, { headers: HEADERS }) as StreamResponse;
    },
  );

type StreamResponse = TypedResponse<string, 200, 'text'> & Response;
