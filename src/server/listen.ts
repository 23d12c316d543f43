import { createServer, type Server, type ServerResponse } from 'node:http';
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
/** A request that only asks brings no body worth reading. */
const MOST_BODY = 0;

/**
 * Serves an app until it is closed.
 *
 * @throws ConfigError where it cannot listen.
 */
export async function listen(
  { fetch }: App,
  { port, orAny = false, host = '127.0.0.1' }: ListenOptions,
): Promise<Listening> {
  const answer = getRequestListener((request, env) => fetch(request, env), { overrideGlobalObjects: false });
  const server = createServer(LIMITS, (request, response) => {
    const size = Number(request.headers['content-length'] ?? 0);
    if (size > MOST_BODY || request.headers['transfer-encoding'] !== undefined) refuse(response);
    else void answer(request, response);
  });
  server.maxHeadersCount = MOST_HEADERS;
  server.maxConnections = MOST_CONNECTIONS;
  const taken = await bind(server, port, host, orAny);
  const name = isIP(host) === 6 ? `[${host}]` : host;
  return {
    port: taken,
    url: `http://${name === '0.0.0.0' || name === '[::]' ? 'localhost' : name}:${taken}`,
    close: (graceMs) => closed(server, graceMs),
  };
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
    title: 'a request that only asks has no body',
    expected: 'none',
    got: 'one',
    fix: 'leave it out',
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
