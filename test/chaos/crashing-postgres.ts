import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalDatabase, startLocalDatabase } from '../../src/local/database.ts';

/** A Postgres that can crash and come back with its data, elsewhere. */
export interface CrashingPostgres {
  readonly url: string;
  readonly port: number;
  /** Ends the server at once, without a checkpoint, and starts it again: it recovers from its log. Resolves when it accepts connections. */
  crash(): Promise<void>;
  /** Resolves when the server has ended without being asked. */
  readonly died: Promise<string>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

export async function crashingPostgres(): Promise<CrashingPostgres> {
  const directory = mkdtempSync(join(tmpdir(), 'scalestream-chaos-'));
  // The database's user must be able to enter it where we are root.
  chmodSync(directory, 0o755);
  const start = () => startLocalDatabase({ directory, keep: true });
  const { promise: died, resolve: die } = Promise.withResolvers<string>();
  let expected = false;
  const watched = (database: LocalDatabase): LocalDatabase => {
    void database.ended.then((last) => expected || die(`Postgres ended by itself. ${last}`));
    return database;
  };
  let database = watched(await start());
  return {
    get url() {
      return database.url;
    },
    get port() {
      return database.port;
    },
    died,
    async crash() {
      expected = true;
      process.kill(database.pid, 'SIGQUIT');
      await database.ended;
      database = await start();
      expected = false;
      watched(database);
    },
    async stop() {
      expected = true;
      await database.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
