import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Scene } from './stage.ts';

/** The command that a user runs, on a scene's queue; what it says on its standard error goes to `stderr`. */
export function command(
  { endpoint, region, queue, accessKeyId, secretAccessKey }: Scene,
  args: readonly string[],
  stderr: 'inherit' | 'pipe' = 'inherit',
): ChildProcess {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const options: SpawnOptions = {
    cwd: root,
    stdio: ['ignore', 'ignore', stderr],
    env: {
      ...process.env,
      PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    },
  };
  return spawn(
    `${root}src/cli/main.ts`,
    [...args, '--queue', queue, '--endpoint', endpoint, '--region', region],
    options,
  );
}
