import { createMiddleware } from 'hono/factory';
import { named, Problem } from './problem.ts';

/** Refuses what a page of somebody else has a browser send: browsers say where it comes from, and let no page say otherwise. */
export const ownSite = createMiddleware(async (c, next) => {
  const origin = c.req.header('origin');
  const site = c.req.header('sec-fetch-site') ?? 'none';
  const host = c.req.header('host') ?? new URL(c.req.url).host;
  const isOwn = (site === 'none' || site === 'same-origin') && (origin === undefined || hostOf(origin) === host);
  if (c.req.method !== 'GET' && c.req.method !== 'HEAD' && !isOwn) {
    throw new Problem({
      status: 403,
      code: 'site',
      title: 'a page of another site sent this',
      expected: `a program, or a page of ${named(host)}`,
      got: named(origin ?? site),
      fix: 'send it from your own server',
    });
  }
  await next();
});

/** Without scheme: a proxy may have taken TLS off. */
const hostOf = (origin: string): string | undefined => (URL.canParse(origin) ? new URL(origin).host : undefined);
