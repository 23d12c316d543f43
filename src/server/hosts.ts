import { isIP } from 'node:net';
import { createMiddleware } from 'hono/factory';
import { declared } from '../declared.ts';
import { named, Problem } from './problem.ts';

/**
 * Answers only to names that are known: a page of somebody else, whose name was made to lead to this machine (DNS rebinding), sends its own. An address
 * cannot be made to lead elsewhere.
 *
 * @throws ConfigError for a name that no request can bring.
 */
export const knownHosts = (hosts: readonly string[]) => {
  for (const host of hosts) {
    const isName = hostnameOf(host) === host.toLowerCase();
    declared(isName, 'hosts', 'names, without scheme, port and final dot', host, 'dashboards.example');
  }
  const known = new Set(['localhost', ...hosts.map((host) => host.toLowerCase())]);
  return createMiddleware(async (c, next) => {
    const host = c.req.header('host') ?? new URL(c.req.url).host;
    const name = hostnameOf(host);
    if (name === undefined || !(known.has(name) || isIP(name) !== 0)) {
      throw new Problem({
        status: 421,
        code: 'host',
        title: 'not the name of this server',
        expected: [...known, 'or an address'].join(', '),
        got: named(host),
        fix: 'serve --allow-host NAME',
      });
    }
    await next();
  });
};

/** Without its port, and without brackets. */
function hostnameOf(host: string): string | undefined {
  const [, six, name] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(host) ?? [];
  return (six ?? name)?.toLowerCase().replace(/\.$/, '');
}
