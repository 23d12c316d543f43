import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { Problem } from './problem.ts';
import { queryOf, type ServerEnv } from './serving.ts';
import type { Tickets } from './stream/tickets.ts';

const STREAM = /^\/v1\/pipelines\/([^/]+)\/stream$/;

/** Whether somebody asks for a stream by a ticket instead of a token. */
export const bringsTicket = (c: Context): boolean =>
  STREAM.test(c.req.path) && c.req.header('authorization') === undefined && queryOf(c).has('ticket');

/** What the client of a stream had last; a browser that comes back says it in the header. */
export const lastEventIdOf = (c: Context): string | undefined =>
  c.req.header('last-event-id') ?? queryOf(c).get('lastEventId') ?? undefined;

/** Lets those through whose ticket is good for the stream that they ask for. */
export const ticketed = (tickets: Tickets) =>
  createMiddleware<ServerEnv>(async (c, next) => {
    const [, pipeline = ''] = STREAM.exec(c.req.path) ?? [];
    const caller = tickets.callerOf(queryOf(c).get('ticket') ?? '', pipeline, lastEventIdOf(c));
    if (!caller?.scopes.includes('read')) throw badTicket();
    c.set('caller', caller);
    await next();
  });

const badTicket = (): Problem =>
  new Problem({
    status: 401,
    code: 'ticket',
    title: 'the ticket is not good for this stream',
    expected:
      'one of this pipeline that was given within the last minute, or the id of an event that it brought not long ago',
    got: 'another one',
    fix: 'ask for a new one: POST /v1/stream-tickets',
    headers: { 'www-authenticate': 'Bearer realm="scalestream"' },
  });
