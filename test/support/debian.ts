import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type LocalDatabase, startLocalDatabase } from '../../src/local/database.ts';

const ROOT = '/usr/lib/postgresql';

/** The programs of the newest Postgres that Debian's packages installed; `undefined` where there are none. */
export function debianBinaries(root: string = ROOT): string | undefined {
  if (!existsSync(root)) return undefined;
  return readdirSync(root)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(root, version, 'bin'))
    .find((bin) => existsSync(join(bin, 'initdb')) && existsSync(join(bin, 'postgres')));
}

/** Starts a throw-away cluster of Debian's Postgres, another version than the embedded one; `undefined` where it is not installed. */
export async function debianPostgres(): Promise<LocalDatabase | undefined> {
  const bin = debianBinaries();
  return bin === undefined ? undefined : startLocalDatabase({ bin });
}
