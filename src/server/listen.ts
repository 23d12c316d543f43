import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { ConfigError, messageOf } from '../errors.ts';
import { Problem, problemText } from './problem.ts';

export interface ListenOptions {
  /** `0`: any that is free. */
  readonly port: number;
  /** Take any that is free where the port is taken. Default: no. */
  readonly orAny?: boolean;
  /** Default `127.0.0.1`. */
  readonly host?: string | undefined;
  /** A connection on which nothing moves for so long is cut off, milliseconds: longer than any answer, or a stream's sign of life, may take. Default 60,000. */
  readonly idleMs?: number;
}

/** A server at work. */
export interface Listening {
  /** Where people find it. */
  readonly url: string;
  readonly port: number;
  /** Takes no new connections, lets answers under way end for so long, then cuts them off. */
  close(graceMs: number): Promise<void>;
}

interface App {
  /** `env` has what is known of the connection: `incoming`, `outgoing`, and `stopping`, which is aborted when the server ends. */
  fetch(request: Request, env?: object): Response | Promise<Response>;
}

/** What slow and large requests are held to. Headers of more than 16 KB are refused by Node (431). */
const LIMITS = {
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
  maxHeaderSize: 16_384,
  connectionsCheckingInterval: 1_000,
};
const MOST_HEADERS = 100;
const MOST_CONNECTIONS = 2_000;
/** Bytes of a body: a request that only asks brings none. Who reads one holds it to a limit of its own too, since not all say how long they are. */
const MOST_BODY = 0;
const BODIES = [
  { path: /^\/v1\/events\/[^/]+$/, most: 64 * 2 ** 20, unknown: true },
  { path: /^\/v1\/stream-tickets$/, most: 1_024, unknown: false },
];

/**
 * Serves an app until it is closed.
 *
 * @throws ConfigError where it cannot listen.
 */
export async function listen(
  { fetch }: App,
  { port, orAny = false, host = '127.0.0.1', idleMs = 60_000 }: ListenOptions,
): Promise<Listening> {
  const ending = new AbortController();
  const answer = getRequestListener((request, env) => fetch(request, { ...env, stopping: ending.signal }), {
    overrideGlobalObjects: false,
  });
  const server = createServer(LIMITS, (request, response) => {
    if (mayBring(request)) void answer(request, response);
    else refuse(response);
  });
  server.maxHeadersCount = MOST_HEADERS;
  server.maxConnections = MOST_CONNECTIONS;
  server.timeout = idleMs;
  const taken = await bind(server, port, host, orAny);
  const name = isIP(host) === 6 ? `[${host}]` : host;
  return {
    port: taken,
    url: `http://${name === '0.0.0.0' || name === '[::]' ? 'localhost' : name}:${taken}`,
    close(graceMs) {
      // streams have no end of their own
      ending.abort();
      return closed(server, graceMs);
    },
  };
}

function mayBring({ method, url = '', headers }: IncomingMessage): boolean {
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return true;
  const size = Number(headers['content-length'] ?? 0);
  const [path = ''] = url.split('?');
  const body = method === 'POST' ? BODIES.find((each) => each.path.test(path)) : undefined;
  return size <= (body?.most ?? MOST_BODY) && (headers['transfer-encoding'] === undefined || body?.unknown === true);
}

/** The connection ends with it: nobody reads on to see where the next request begins. */
function refuse(response: ServerResponse): void {
  const { parts } = noBody();
  const headers = { 'content-type': 'application/problem+json', connection: 'close' };
  response.writeHead(parts.status, headers).end(problemText(parts));
}

const noBody = (): Problem =>
  new Problem({
    status: 413,
    code: 'body',
    title: 'no body, or not such a one',
    expected: 'none, but for events: of these at most 64 MiB',
    got: 'one, or a larger one',
    fix: 'leave it out, or send it in parts',
  });

function bind(server: Server, port: number, host: string, orAny: boolean): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      if (error.code === 'EADDRINUSE' && orAny && port !== 0) {
        server.off('listening', listening);
        resolve(bind(server, 0, host, false));
        return;
      }
      const fix = error.code === 'EADDRINUSE' ? 'take another --port' : 'check --host and --port';
      reject(
        new ConfigError(
          { where: `--port ${port} --host ${host}`, expected: 'an address to listen at', got: messageOf(error), fix },
          { cause: error },
        ),
      );
    };
    const listening = (): void => {
      server.off('error', failed);
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    };
    server.once('error', failed);
    server.once('listening', listening);
    server.listen(port, host);
  });
}

/** `close` alone would wait for whoever keeps a connection, without end. */
async function closed(server: Server, graceMs: number): Promise<void> {
  const ended = new Promise<void>((resolve) => void server.close(() => resolve()));
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  await ended;
  clearTimeout(cut);
}
