import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { inject } from 'vitest';

/** A database of its own for a test. */
export interface FreshDatabase {
  readonly url: string;
  readonly name: string;
  /** Drops it, and ends the sessions that are still in it. */
  drop(): Promise<void>;
}

/**
 * Makes an empty database.
 *
 * @param server the URL of the server; default: the run's.
 */
export async function freshDatabase(server: string = inject('servers').databaseUrl): Promise<FreshDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await administer(server, `CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    name,
    drop: () => untilUp(() => administer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)),
  };
}

/** Asks again for as long as the server is down: a test may crash it, and its recovery takes a moment. */
export async function untilUp<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!/^(CONN|ECONN|57P0|EPIPE)/.test((error as { code?: string }).code ?? '')) throw error;
    }
  }
}

async function administer(server: string, statement: string): Promise<void> {
  const sql = postgres(server, { max: 1, onnotice: () => undefined });
  try {
    await sql.unsafe(statement);
  } finally {
    await sql.end();
  }
}
