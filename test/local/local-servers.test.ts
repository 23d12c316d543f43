import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { startLocal } from '../../src/local/local-servers.ts';
import { watchLeaks } from '../support/leaks.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'servers-test-'));
  // The database's user must be able to enter it where we are root.
  chmodSync(directory, 0o755);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('both servers answer until they are stopped, and say so when they end', async () => {
  const servers = await startLocal({ directory });
  const sql = postgres(servers.databaseUrl, { max: 1 });
  expect([...(await sql`SELECT 1 AS one`)]).toEqual([{ one: 1 }]);
  await sql.end();
  expect((await fetch(`${servers.sqsEndpoint}/health`)).ok).toBe(true);
  await servers.stop();
  expect(await servers.ended).toMatch(/^The local (queue|database) ended\./);
  await expect(fetch(`${servers.sqsEndpoint}/health`)).rejects.toThrow();
  expect(readdirSync(directory)).toEqual(['.gitignore']);
});

test('the servers alone do not keep a program from ending', async () => {
  const leaks = watchLeaks(() => '');
  const servers = await startLocal({ directory });
  expect(leaks().filter((leak) => !leak.startsWith('child process'))).toEqual([]);
  await servers.stop();
});

test('when the database cannot start, the queue is ended and the reason told', async () => {
  const leaks = watchLeaks(() => '');
  const failed = startLocal({ directory, bin: join(directory, 'no-programs') });
  await expect(failed).rejects.toThrow(ConfigError);
  await expect(failed).rejects.toThrow(/^local database: .*no-programs/s);
  while (leaks().length > 0) await new Promise((resolve) => void setImmediate(resolve));
  expect(readdirSync(directory)).toEqual(['.gitignore']);
});
