import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { ConfigError, messageOf } from '../errors.ts';
import { asTokens, type Token } from '../server/tokens.ts';
import { targetOf } from '../sinks/postgres/target.ts';

/** Flags of the API. */
export const SERVER_FLAGS = {
  port: { type: 'string' },
  host: { type: 'string' },
  replica: { type: 'string' },
  tokens: { type: 'string' },
  'allow-host': { type: 'string', multiple: true },
  insecure: { type: 'boolean' },
  'ingest-queue': { type: 'string', multiple: true },
} as const;

/** What these flags mean, for people. */
export const SERVER_HELP = `  --host HOST           where to listen; default 127.0.0.1. Any other needs --tokens
  --replica URL         a read replica to ask in place of the database
  --tokens FILE         who may ask: {"tokens": [{"name": "grafana", "sha256": "…", "scopes": ["read"], "keys": {"country": ["DE"]}}]};
                        scope ingest is for sending events; sha256 is printf %s "$TOKEN" | sha256sum, keys binds a token to windows of these
  --allow-host NAME     a name that the server answers to, beside localhost and addresses; with --tokens: to no other
  --insecure            listen elsewhere without tokens: whoever reaches it reads everything, and sends events where they are taken`;

/** Where the API listens, and to whom. */
export interface ServerSettings {
  /** `undefined`: nobody said. */
  readonly port: number | undefined;
  readonly host: string;
  readonly replica: string | undefined;
  readonly tokens: readonly Token[] | undefined;
  readonly hosts: readonly string[] | undefined;
}

interface Given {
  readonly port?: string | undefined;
  readonly host?: string | undefined;
  readonly replica?: string | undefined;
  readonly tokens?: string | undefined;
  readonly 'allow-host'?: readonly string[] | undefined;
  readonly insecure?: boolean | undefined;
}

/**
 * Reads the flags of the API.
 *
 * @throws ConfigError for the first that cannot work, and where everybody could reach it and nobody is asked for a token.
 */
export function serverSettings(flags: Given): ServerSettings {
  const { host = '127.0.0.1', replica, insecure = false } = flags;
  const tokens = flags.tokens === undefined ? undefined : asTokens(jsonFile(flags.tokens), flags.tokens);
  if (!isLoopback(host) && !tokens && !insecure) {
    throw new ConfigError({
      where: `--host ${host}`,
      expected: '--tokens FILE, so that not everybody who reaches it reads everything',
      got: 'none',
      fix: 'add --tokens FILE, or --insecure where the network keeps others out',
    });
  }
  if (replica !== undefined) targetOf(replica);
  return { port: portFlag(flags.port), host, replica, tokens, hosts: flags['allow-host'] };
}

function portFlag(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new ConfigError({ where: '--port', expected: '0 to 65535', got: JSON.stringify(text), fix: '--port 8080' });
}

/** Whether nobody else reaches it. */
const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

function jsonFile(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const fix = 'check its path';
    throw new ConfigError(
      { where: '--tokens', expected: 'a readable file', got: messageOf(error), fix },
      { cause: error },
    );
  }
  try {
    return JSON.parse(text);
  } catch {
    // what a parser says may quote the file
    throw new ConfigError({
      where: '--tokens',
      expected: 'a file of JSON',
      got: 'none',
      fix: 'see scalestream serve --help',
    });
  }
}
