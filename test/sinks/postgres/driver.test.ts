import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import postgres from 'postgres';
import { expect, test, vi } from 'vitest';
import { driverOptions } from '../../../src/sinks/postgres/connect.ts';
import { targetOf } from '../../../src/sinks/postgres/target.ts';

/** What tears when a connection dies, in postgres.js 3.4.9. */
const FORBIDDEN = /\.(begin|reserve|writable|readable|cursor|listen|subscribe)\(/;

/** Reads only, on a connection of its own: a transaction that is torn there can write nothing. */
const ALLOWED = new Set(['sinks/postgres/snapshot.ts']);

const SOURCE = join(import.meta.dirname, '../../../src');

test('no file but the read-only snapshot uses what the driver tears when a connection dies', () => {
  const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const users = files
    .filter((file) => readFileSync(join(SOURCE, file), 'utf8').includes("from 'postgres'"))
    .map((file) => relative('.', file));
  expect(users).toContain('sinks/postgres/connect.ts');
  const offenders = users.filter(
    (file) => !ALLOWED.has(file) && FORBIDDEN.test(readFileSync(join(SOURCE, file), 'utf8')),
  );
  expect(offenders).toEqual([]);
  for (const file of ALLOWED) expect(readFileSync(join(SOURCE, file), 'utf8')).toContain('read only');
});

test('no environment variable changes how the driver is used', async () => {
  const names = [
    'MAX',
    'MAX_PIPELINE',
    'MAX_LIFETIME',
    'PREPARE',
    'FETCH_TYPES',
    'SSL',
    'SSLNEGOTIATION',
    'BACKOFF',
    'DEBUG',
  ];
  for (const name of names) vi.stubEnv(`PG${name}`, '7');
  const limits = { max: 3, lockMs: 1, statementMs: 1, socketMs: 1, isWaiting: () => false };
  const sql = postgres(driverOptions(targetOf('postgres://me:secret@127.0.0.1:1/shop'), limits));
  vi.unstubAllEnvs();
  expect(sql.options).toMatchObject({
    max: 3,
    max_pipeline: 100,
    max_lifetime: null,
    prepare: true,
    fetch_types: false,
    ssl: false,
    sslnegotiation: null,
    backoff: false,
    debug: false,
  });
  await sql.end();
});
