import { createHash } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ConfigError, messageOf } from '../errors.ts';
import { isRunning } from './is-running.ts';
import { canEnter, type RunAs } from './postgres-user.ts';

const HOST = hostname().replaceAll(/[^\w.-]/g, '_');
const ME = `${process.pid}@${HOST}`;
const KEPT = 'database-kept';

/**
 * The directory that holds the run folders: `directory` itself, or, where we cannot write there or the database's user cannot enter it (a clone
 * under `/root`), one under the system's directory for temporary files that is the same for the same `directory`.
 *
 * @throws ConfigError when somebody else owns that one.
 */
export function runDirectory(directory: string, user: RunAs): string {
  try {
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, '.gitignore'), '*\n');
    if (canEnter(user, directory)) return directory;
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? ''))
      throw unusable(directory, error);
  }
  const uid = process.getuid?.() ?? 0;
  const place = join(
    tmpdir(),
    `scalestream-${uid}-${createHash('sha256').update(resolve(directory)).digest('hex').slice(0, 12)}`,
  );
  try {
    mkdirSync(place, { recursive: true });
    // Anybody may have made it before us: then it is not ours to trust.
    const found = lstatSync(place);
    if (!found.isDirectory() || (process.getuid !== undefined && found.uid !== uid))
      throw new Error('it belongs to somebody else');
    chmodSync(place, 0o711);
  } catch (error) {
    throw unusable(place, error);
  }
  if (!canEnter(user, place)) throw unusable(place, new Error("the database's user cannot enter it"));
  return place;
}

function unusable(directory: string, cause: unknown): ConfigError {
  return new ConfigError(
    {
      where: 'local database',
      expected: 'a directory for its data',
      got: `${directory}: ${messageOf(cause)}`,
      fix: 'name another one, or set TMPDIR to a directory that is yours and that others may enter',
    },
    { cause },
  );
}

/**
 * Claims a folder for this process in `directory`: one of its own, or with `keep` the one that outlives processes.
 *
 * @returns the folder, or who has the kept one.
 */
export function claimFolder(
  directory: string,
  keep: boolean,
): { readonly folder: string } | { readonly takenBy: string } {
  const folder = join(directory, keep ? KEPT : `database-${ME}`);
  if (!keep) {
    // One process has one folder: what bears our name is of a dead process with our pid.
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
  } else {
    mkdirSync(folder, { recursive: true });
    const takenBy = lock(join(folder, 'owner'));
    if (takenBy !== undefined) return { takenBy };
  }
  chmodSync(folder, 0o711);
  return { folder };
}

/** Gives the folder back: the kept one to the next start, any other to nobody. */
export function releaseFolder(folder: string, keep: boolean): void {
  if (keep) rmSync(join(folder, 'owner'), { force: true });
  else rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

/** Folders that processes of this machine left when they were killed. Those of other machines that share the directory are not ours to judge. */
export function abandonedFolders(directory: string): string[] {
  return readdirSync(directory)
    .filter(
      (name) => name.startsWith('database-') && name.endsWith(`@${HOST}`) && !isAlive(name.slice('database-'.length)),
    )
    .map((name) => join(directory, name));
}

/** A symbolic link is made whole or not at all, so that nobody reads a lock without its owner. */
function lock(path: string): string | undefined {
  try {
    symlinkSync(ME, path);
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const owner = readlinkSync(path);
  if (owner !== ME && isAlive(owner)) return owner;
  rmSync(path, { force: true });
  return lock(path);
}

function isAlive(owner: string): boolean {
  const [pid, host] = owner.split('@');
  return host !== HOST || isRunning(Number(pid));
}
