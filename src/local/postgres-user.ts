import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { ConfigError } from '../errors.ts';

/** Who runs a process, as `spawn` takes it. Empty: whoever we are. */
export type RunAs = { readonly uid: number; readonly gid: number } | Record<string, never>;

/**
 * Postgres refuses to run as root. Where we are root it runs as the user `postgres`, or, where there is none, as `nobody` or any other user of
 * `/etc/passwd`: initdb wants an entry there. Nothing is added to the system.
 *
 * @throws ConfigError when `/etc/passwd` knows nobody but root.
 */
export function postgresUser(passwd = '/etc/passwd'): RunAs {
  if (process.getuid?.() !== 0) return {};
  const users = readFileSync(passwd, 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name, , uid, gid]) => ({ name, uid: Number(uid || Number.NaN), gid: Number(gid || Number.NaN) }))
    .filter(({ uid, gid }) => uid > 0 && gid >= 0);
  const user = users.find(({ name }) => name === 'postgres') ?? users.find(({ name }) => name === 'nobody') ?? users[0];
  if (user === undefined) {
    throw new ConfigError({
      where: 'local database',
      expected: 'a user other than root, since Postgres refuses to run as root',
      got: `only root in ${passwd}`,
      fix: 'useradd --system postgres, or run as a normal user',
    });
  }
  return { uid: user.uid, gid: user.gid };
}

/** Whether `user` can enter `directory`, through all that lies above it. Asked of the kernel, which knows of ACLs and mounts. */
export function canEnter(user: RunAs, directory: string): boolean {
  if (!('uid' in user)) return true;
  return (
    spawnSync('/bin/sh', ['-c', 'cd -- "$1"', 'sh', directory], { ...user, cwd: '/', stdio: 'ignore' }).status === 0
  );
}
