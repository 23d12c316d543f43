import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { isRunning } from './is-running.ts';

const DEADLINE_MS = 20_000;
const STEP_MS = 50;

/** Ends a Postgres whose watcher was killed, so that its data can be used again or removed. No child of ours: all we can do is look. */
export async function endOrphan(data: string): Promise<void> {
  const pid = postmaster(data);
  if (pid === undefined) return;
  const deadline = Date.now() + DEADLINE_MS;
  process.kill(pid, 'SIGINT');
  while (isRunning(pid)) {
    if (Date.now() > deadline) {
      process.kill(pid, 'SIGQUIT');
      return;
    }
    await after(STEP_MS);
  }
}

/** The process that runs `data`, if it does: a pid alone may be anybody's by now, so its command line must name the directory. */
function postmaster(data: string): number | undefined {
  try {
    const pid = Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
    if (!(pid > 1) || !isRunning(pid)) return undefined;
    const command =
      process.platform === 'linux'
        ? readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        : execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' });
    return command.includes(data) ? pid : undefined;
  } catch {
    return undefined;
  }
}
