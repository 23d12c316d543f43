import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { ConfigError, messageOf } from '../../errors.ts';

/** Where the database is, taken from its URL. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** `false` is no TLS; otherwise host and certificate are verified. */
  readonly tls: false | ConnectionOptions;
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1']);

/**
 * Reads `postgres://user:password@host:port/database?sslmode=…&sslrootcert=…`. Without `sslmode`, TLS is off on the loopback and
 * verified (`verify-full`) everywhere else.
 *
 * @throws ConfigError
 */
export function targetOf(url: string): Target {
  const where = 'DATABASE_URL';
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new ConfigError({
      where,
      expected: 'postgres://user:password@host:port/database',
      got: 'no URL',
      fix: 'check its spelling; encode special characters',
    });
  }
  if (parsed.protocol !== 'postgres:' && parsed.protocol !== 'postgresql:') {
    throw new ConfigError({
      where,
      expected: 'postgres://…',
      got: `${parsed.protocol}//…`,
      fix: 'begin it with postgres://',
    });
  }
  if (parsed.searchParams.has('schema')) {
    throw new ConfigError({
      where: 'DATABASE_URL schema',
      expected: 'tables in the schema public',
      got: 'another schema',
      fix: 'give each pipeline that must stay apart a database of its own',
    });
  }
  const host = decoded(parsed.hostname, 'host').replace(/^\[(.*)\]$/, '$1') || 'localhost';
  const user = decoded(parsed.username, 'user') || 'postgres';
  return {
    host,
    port: Number(parsed.port || 5432),
    user,
    password: decoded(parsed.password, 'password'),
    database: decoded(parsed.pathname.slice(1), 'database') || user,
    tls: tlsOf(host, parsed.searchParams),
  };
}

function decoded(part: string, what: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new ConfigError({
      where: `DATABASE_URL ${what}`,
      expected: 'special characters as %XX',
      got: 'a % that is none of these',
      fix: "write '%' as '%25'",
    });
  }
}

function certificate(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new ConfigError(
      {
        where: 'DATABASE_URL sslrootcert',
        expected: 'a readable file of certificates',
        got: messageOf(cause),
        fix: 'check its path',
      },
      { cause },
    );
  }
}

function tlsOf(host: string, parameters: URLSearchParams): false | ConnectionOptions {
  const mode = parameters.get('sslmode') ?? (LOOPBACK.has(host) ? 'disable' : 'verify-full');
  if (mode === 'disable') return false;
  if (mode !== 'verify-full' && mode !== 'require') {
    throw new ConfigError({
      where: 'DATABASE_URL sslmode',
      expected: 'disable or verify-full',
      got: mode,
      fix: 'sslmode=verify-full&sslrootcert=FILE',
    });
  }
  const file = parameters.get('sslrootcert');
  // an address is no name for SNI; its certificate is checked against the address
  const identity = isIP(host) === 0 ? { servername: host } : { host };
  return { ...identity, rejectUnauthorized: true, ...(file ? { ca: certificate(file) } : {}) };
}
