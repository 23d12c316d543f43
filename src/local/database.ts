import { join, resolve } from 'node:path';
import { startCompanion } from './companion.ts';
import { endOrphan } from './orphan.ts';
import { postgresBinaries } from './postgres-binaries.ts';
import { postgresUser, type RunAs } from './postgres-user.ts';
import { runDirectory } from './run-folder.ts';

/** What the database's process is told. */
export interface DatabaseOptions {
  readonly bin: string;
  readonly directory: string;
  readonly keep: boolean;
  readonly user: RunAs;
}

/** What the database's process answers. */
export interface DatabaseReady {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly directory: string;
}

/** A Postgres server on this machine. */
export interface LocalDatabase {
  /** `postgres://postgres:PASSWORD@127.0.0.1:PORT/postgres`, the password made up at each fresh start. */
  readonly url: string;
  readonly port: number;
  /** The postmaster's. */
  readonly pid: number;
  /** The process that watches over it. */
  readonly watcherPid: number;
  /** Holds the cluster (`data`) and its log (`postgres.log`). */
  readonly directory: string;
  /** Resolves when the server has ended, asked for or not, with the watcher's last words. */
  readonly ended: Promise<string>;
  /** Ends the server and removes its data, unless they are kept. */
  readonly stop: () => Promise<void>;
}

export interface LocalDatabaseOptions {
  /** Where the data lie; default: `.scalestream` in the working directory. A place under the system's temporary directory where that cannot be. */
  readonly directory?: string;
  /** Leave the data for the next start with `keep` in the same directory; default: they go at the stop. One server at a time can have them. */
  readonly keep?: boolean;
  /** The directory of `initdb` and `postgres`; default: those that npm installed. */
  readonly bin?: string;
}

/**
 * Starts a real Postgres, fsync on, on a free port of 127.0.0.1. It lives until `stop()` or until this process ends, in whatever way.
 * Works as root too, as a user of fewer rights, even where that user cannot enter the clone.
 *
 * @throws ConfigError when there are no programs for this platform, no user to run it, no place for the data, when somebody has the kept data,
 *   or when Postgres ends at its start: then with the end of its log.
 * @example
 * const database = await startLocalDatabase();
 * const sql = postgres(database.url);
 */
export async function startLocalDatabase(options: LocalDatabaseOptions = {}): Promise<LocalDatabase> {
  const { directory = '.scalestream', keep = false, bin = postgresBinaries() } = options;
  const user = postgresUser();
  const place = runDirectory(resolve(directory), user);
  const { ready, pid, ended, stop } = await startCompanion<DatabaseReady>(
    'local database',
    new URL('./database-process.ts', import.meta.url),
    { bin, directory: place, keep, user } satisfies DatabaseOptions,
  );
  return {
    ...ready,
    watcherPid: pid,
    ended,
    stop: async () => {
      await stop();
      // Nothing to do, unless somebody killed the watcher.
      await endOrphan(join(ready.directory, 'data'));
    },
  };
}
