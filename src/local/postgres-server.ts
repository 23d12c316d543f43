import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { CannotStart } from './accompany.ts';
import type { RunAs } from './postgres-user.ts';

/** Where a cluster lies and who runs it. */
export interface Cluster {
  /** The directory of the programs `initdb` and `postgres`. */
  readonly bin: string;
  readonly data: string;
  readonly log: string;
  readonly user: RunAs;
}

/** A running postmaster. */
export interface PostgresServer {
  readonly pid: number;
  readonly port: number;
  readonly ended: Promise<void>;
  /** `fast` ends sessions and writes a checkpoint; `immediate` just ends, for data nobody wants any more. */
  stop(mode: 'fast' | 'immediate'): Promise<void>;
}

/**
 * A box of a developer, not a server's: room for many workers and dashboards, and WAL for a long run before a checkpoint comes in between. What
 * a commit promises is Postgres's promise in production: fsync and synchronous_commit stay on.
 */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  max_connections: '200',
  shared_buffers: '256MB',
  max_wal_size: '4GB',
  checkpoint_timeout: '15min',
  timezone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C',
  logging_collector: 'off',
  log_destination: 'stderr',
};

const ATTEMPTS = 5;
const LOG_LINES = 20;
const STOP_DEADLINE_MS = 20_000;

/** Makes an empty cluster whose superuser is `postgres`. `sync` for one that shall survive a crash of the machine from its first second. */
export async function initCluster(
  cluster: Cluster,
  passwordFile: string,
  sync: boolean,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const initdb = run(cluster, 'initdb', [
    `--pgdata=${cluster.data}`,
    '--username=postgres',
    '--auth=scram-sha-256',
    `--pwfile=${passwordFile}`,
    '--encoding=UTF8',
    '--locale=C',
    ...(sync ? [] : ['--no-sync']),
  ]);
  const abort = (): void => void initdb.process.kill('SIGTERM');
  signal.addEventListener('abort', abort, { once: true });
  await initdb.ended;
  signal.removeEventListener('abort', abort);
  if (initdb.process.exitCode !== 0) {
    throw new CannotStart({
      expected: 'initdb to make a cluster',
      got: initdb.lastLines(),
      fix: hint(initdb.lastLines()),
    });
  }
}

/** Starts Postgres on a free port of 127.0.0.1 and resolves when it accepts connections. */
export async function startPostgres(cluster: Cluster): Promise<PostgresServer> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const settings = Object.entries({ ...SETTINGS, port: String(port) }).flatMap(([name, value]) => [
      '-c',
      `${name}=${value}`,
    ]);
    const server = run(cluster, 'postgres', ['-D', cluster.data, ...settings]);
    const ready = await Promise.race([
      server.says('database system is ready to accept connections'),
      server.ended.then(() => false),
    ]);
    if (ready) {
      return { pid: server.process.pid ?? 0, port, ended: server.ended, stop: (mode) => stopPostgres(server, mode) };
    }
    const last = server.lastLines();
    // Between our look and its bind somebody else may have taken the port.
    if (attempt < ATTEMPTS && /could not bind|could not create any TCP\/IP sockets/.test(last)) continue;
    throw new CannotStart({ expected: 'Postgres to start', got: last, fix: hint(last) });
  }
}

interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<void>;
  lastLines(): string;
  says(text: string): Promise<true>;
}

function run({ bin, data, log, user }: Cluster, program: string, args: readonly string[]): Running {
  // The programs ask where they are: the user must be able to say so, and the user's own PG* settings are for clients.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG|TZ$)/.test(name)));
  const child = spawn(join(bin, program), args, {
    ...user,
    cwd: program === 'postgres' ? data : '/',
    env: { ...env, LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let lines: string[] = [];
  const listeners = new Set<(line: string) => void>();
  const keep = (chunk: string): void => {
    try {
      appendFileSync(log, chunk);
    } catch {
      // A full disk is Postgres's to report; without its watcher it would outlive us.
    }
    lines = [...lines, ...chunk.split('\n').filter((line) => line.trim() !== '')].slice(-LOG_LINES);
    for (const listener of listeners) listener(chunk);
  };
  child.stdout.setEncoding('utf8').on('data', keep);
  child.stderr.setEncoding('utf8').on('data', keep);
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', (error) => {
      keep(`${error.message}\n`);
      resolve();
    });
  });
  return {
    process: child,
    ended,
    lastLines: () => lines.join('\n'),
    says: (text) =>
      new Promise((resolve) => {
        const listener = (): void => {
          if (!lines.some((line) => line.includes(text))) return;
          listeners.delete(listener);
          resolve(true);
        };
        listeners.add(listener);
      }),
  };
}

async function stopPostgres(server: Running, mode: 'fast' | 'immediate'): Promise<void> {
  server.process.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
  const insist = setTimeout(() => server.process.kill('SIGQUIT'), STOP_DEADLINE_MS);
  await server.ended;
  clearTimeout(insist);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function hint(log: string): string {
  if (/No space left on device/.test(log)) return 'free some disk space';
  if (/incompatible with server|incompatible/.test(log))
    return 'the kept data is of another Postgres version: remove it, or start without keeping';
  if (/error while loading shared libraries/.test(log)) return 'install the library it names';
  return 'the lines above are from its log; removing the .scalestream directory starts afresh';
}
