import { appendFileSync, chmodSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LocalDatabase, startLocalDatabase } from '../../src/local/database.ts';
import { isRunning } from '../../src/local/is-running.ts';
import { debianBinaries, debianPostgres } from '../support/debian.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'database-test-'));
  // The database's user must be able to enter it where we are root.
  chmodSync(directory, 0o755);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function query(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    return [...(await sql.unsafe(statement))];
  } finally {
    await sql.end();
  }
}

describe('the local database', () => {
  let database: LocalDatabase;
  beforeAll(async () => {
    database = await startLocalDatabase({ directory });
  });
  afterAll(() => database.stop());

  test('promises what Postgres promises in production: a commit is on the disk', async () => {
    const rows = await query(
      database.url,
      `SELECT name, setting FROM pg_settings
       WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes') ORDER BY name`,
    );
    expect(rows.map((row) => Object.values(row))).toEqual([
      ['fsync', 'on'],
      ['full_page_writes', 'on'],
      ['synchronous_commit', 'on'],
    ]);
  });

  test('is Postgres 18 in UTF-8 and UTC', async () => {
    const [row] = await query(
      database.url,
      `SELECT current_setting('server_version_num')::int / 10000 AS version,
         current_setting('server_encoding') AS encoding, current_setting('timezone') AS zone`,
    );
    expect(row).toEqual({ version: 18, encoding: 'UTF8', zone: 'UTC' });
  });

  test('lets nobody in without its password', async () => {
    const wrong = new URL(database.url);
    wrong.password = 'wrong';
    await expect(query(wrong.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  });

  // All of 127.0.0.0/8 is this machine's there: a server on every interface would answer.
  test.runIf(process.platform === 'linux')('listens on 127.0.0.1 alone', async () => {
    const socket = connect(database.port, '127.0.0.2');
    const error = await new Promise((resolve) => socket.once('error', resolve).once('connect', () => resolve('open')));
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
    socket.destroy();
  });

  test.runIf(process.getuid?.() === 0)('does not run as root, and keeps its password from others', () => {
    expect(statSync(join(database.directory, 'data')).uid).not.toBe(0);
    expect(statSync(join(database.directory, 'password')).mode & 0o077).toBe(0);
  });

  test('shares nothing with another one in the same directory, which ends alone and takes its data along', async () => {
    const other = await startLocalDatabase({ directory });
    await query(other.url, 'CREATE TABLE only_here ()');
    expect(await query(database.url, "SELECT to_regclass('only_here') AS found")).toEqual([{ found: null }]);
    await other.stop();
    await other.stop();
    expect([other.pid, other.watcherPid].map(isRunning)).toEqual([false, false]);
    expect(existsSync(other.directory)).toBe(false);
    expect(await query(database.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});

describe('kept data', () => {
  test('are there again at the next start; one server at a time has them', async () => {
    const first = await startLocalDatabase({ directory, keep: true });
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await expect(startLocalDatabase({ directory, keep: true })).rejects.toThrow(/expected the kept data to be free/);
    expect(await query(first.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    await first.stop();
    const second = await startLocalDatabase({ directory, keep: true });
    expect(second.directory).toBe(first.directory);
    expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    await second.stop();
  });

  test('survive that everything but them was killed', async () => {
    const first = await startLocalDatabase({ directory, keep: true });
    await query(first.url, 'CREATE TABLE survivor AS SELECT 1 AS one');
    process.kill(first.watcherPid, 'SIGKILL');
    await first.ended;
    expect(isRunning(first.pid)).toBe(true);
    const second = await startLocalDatabase({ directory, keep: true });
    expect(isRunning(first.pid)).toBe(false);
    expect(await query(second.url, 'SELECT one FROM survivor')).toEqual([{ one: 1 }]);
    await second.stop();
  });

  test('that Postgres cannot start with: the error holds the end of its log', async () => {
    const first = await startLocalDatabase({ directory, keep: true });
    await first.stop();
    appendFileSync(join(first.directory, 'data', 'postgresql.conf'), 'no_such_setting = on\n');
    await expect(startLocalDatabase({ directory, keep: true })).rejects.toThrow(
      /local database: expected Postgres to start; got .*unrecognized configuration parameter "no_such_setting"/s,
    );
    rmSync(first.directory, { recursive: true });
  });
});

test('the parent learns that the database died', async () => {
  const database = await startLocalDatabase({ directory });
  process.kill(database.pid, 'SIGKILL');
  await database.ended;
  expect([database.pid, database.watcherPid].map(isRunning)).toEqual([false, false]);
  expect(existsSync(database.directory)).toBe(false);
});

test.skipIf(debianBinaries() === undefined)("Debian's Postgres is started the same way", async () => {
  const debian = await debianPostgres();
  const [row] = await query(debian?.url ?? '', "SELECT current_setting('fsync') AS fsync, version() AS version");
  expect(row).toEqual({ fsync: 'on', version: expect.stringContaining('Debian') });
  await debian?.stop();
  expect(isRunning(debian?.pid ?? 0)).toBe(false);
});
