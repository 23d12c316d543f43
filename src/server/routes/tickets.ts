import { Hono } from 'hono';
import { type Parameter, readQuery } from '../parameters.ts';
import { pipelineNamed, queryOf, type ServerEnv, type Serving, takes } from '../serving.ts';
import type { Tickets } from '../stream/tickets.ts';

export interface TicketAnswer {
  /** For the parameter `ticket` of a stream. */
  readonly ticket: string;
  /** Until then a stream may begin with it. RFC 3339. */
  readonly expiresAt: string;
}

const pipelineParameter: Parameter<string> = {
  description: 'the pipeline whose stream it is for; default: any that is served',
  schema: { type: 'string' },
  read: ([text = '']) => text,
};

export const TICKETS_PARAMETERS = { pipeline: pipelineParameter };

/** Gives a ticket for a stream to whoever has a token: browsers send no headers with an `EventSource`. */
export const ticketsRoute = (serving: Serving, tickets: Tickets) =>
  new Hono<ServerEnv>().post('/v1/stream-tickets', takes<{ pipeline?: string }>(), (c) => {
    const { pipeline } = readQuery(queryOf(c), TICKETS_PARAMETERS);
    if (pipeline !== undefined) pipelineNamed(serving, pipeline);
    const answer: TicketAnswer = tickets.issue(c.get('caller'), pipeline);
    return c.json(answer, 201, { 'cache-control': 'no-store' });
  });
