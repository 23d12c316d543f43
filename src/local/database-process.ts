import { randomBytes } from 'node:crypto';
import { chownSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Accompanied, accompany, CannotStart } from './accompany.ts';
import type { DatabaseOptions, DatabaseReady } from './database.ts';
import { endOrphan } from './orphan.ts';
import { type Cluster, initCluster, startPostgres } from './postgres-server.ts';
import { canEnter, type RunAs } from './postgres-user.ts';
import { abandonedFolders, claimFolder, releaseFolder } from './run-folder.ts';

/** The process that watches over the local database: it outlives its parent by as long as Postgres takes to end and its data to go. */
accompany(async (options: DatabaseOptions, signal): Promise<Accompanied<DatabaseReady>> => {
  const { bin, directory, keep, user } = options;
  for (const folder of abandonedFolders(directory)) {
    try {
      await endOrphan(join(folder, 'data'));
      releaseFolder(folder, false);
    } catch {
      // It is another user's to remove, or another start is at it.
    }
  }
  const claim = claimFolder(directory, keep);
  if ('takenBy' in claim) {
    throw new CannotStart({
      expected: 'the kept data to be free',
      got: `a database of process ${claim.takenBy} in ${directory}`,
      fix: 'stop that one, or start without keeping',
    });
  }
  const { folder } = claim;
  try {
    const cluster: Cluster = {
      bin: reachable(bin, folder, user),
      data: join(folder, 'data'),
      log: join(folder, 'postgres.log'),
      user,
    };
    await endOrphan(cluster.data);
    const password = await prepare(cluster, folder, keep, signal);
    const server = await startPostgres(cluster);
    return {
      ready: {
        url: `postgres://postgres:${password}@127.0.0.1:${server.port}/postgres`,
        port: server.port,
        pid: server.pid,
        directory: folder,
      },
      ended: server.ended,
      stop: async () => {
        await server.stop(keep ? 'fast' : 'immediate');
        release(folder, keep);
      },
    };
  } catch (error) {
    release(folder, keep);
    throw error;
  }
});

/** Makes the cluster where there is none yet; a start that was cut off leaves no `password`, and begins again. */
async function prepare(cluster: Cluster, folder: string, keep: boolean, signal: AbortSignal): Promise<string> {
  const passwordFile = join(folder, 'password');
  if (existsSync(passwordFile)) return readFileSync(passwordFile, 'utf8').trim();
  rmSync(cluster.data, { recursive: true, force: true });
  mkdirSync(cluster.data, { mode: 0o700 });
  const password = randomBytes(12).toString('hex');
  // initdb reads the password as the user it runs as, from the directory it may read; we keep it where only we may.
  const forInitdb = join(folder, 'initdb-password');
  writeFileSync(forInitdb, `${password}\n`, { mode: 0o600 });
  if ('uid' in cluster.user) {
    chownSync(cluster.data, cluster.user.uid, cluster.user.gid);
    chownSync(forInitdb, cluster.user.uid, cluster.user.gid);
  }
  await initCluster(cluster, forInitdb, keep, signal);
  rmSync(forInitdb);
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  return password;
}

/** The programs, where the user can run them: where they are, or a copy beside the data that goes when the server does. */
function reachable(bin: string, folder: string, user: RunAs): string {
  if (!existsSync(bin)) {
    throw new CannotStart({
      expected: 'the programs of Postgres',
      got: `no directory ${bin}`,
      fix: 'name the right one',
    });
  }
  if (canEnter(user, bin)) return bin;
  const copy = join(folder, 'programs');
  rmSync(copy, { recursive: true, force: true });
  cpSync(dirname(bin), copy, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !path.endsWith('.a'),
  });
  return join(copy, basename(bin));
}

function release(folder: string, keep: boolean): void {
  rmSync(join(folder, 'programs'), { recursive: true, force: true });
  releaseFolder(folder, keep);
}
