import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { startLocalDatabase } from '../../src/local/database.ts';
import { isRunning } from '../../src/local/is-running.ts';

/** Deadlines, not durations: far above what a loaded machine takes. */
const WAIT = { timeout: 50_000, interval: 20 };

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lifetime-'));
  // The database's user must be able to enter it where we are root.
  chmodSync(directory, 0o755);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A parent in a process group of its own, and what it prints, line by line. */
function startParent(): { readonly parent: ChildProcess; readonly next: () => Promise<Record<string, unknown>> } {
  const parent = spawn(process.execPath, [fileURLToPath(new URL('./parent.ts', import.meta.url)), directory], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: parent.stdout })[Symbol.asyncIterator]();
  return { parent, next: async () => JSON.parse(String((await lines.next()).value)) as Record<string, unknown> };
}

async function started() {
  const { parent, next } = startParent();
  const { pids, directory } = (await next()) as { pids: number[]; directory: string };
  expect(pids.map(isRunning)).toEqual([true, true, true]);
  return { parent, next, pids, folder: directory };
}

async function gone(pids: readonly number[]): Promise<void> {
  await vi.waitUntil(() => !pids.some(isRunning), WAIT);
}

describe.skipIf(process.platform === 'win32')('no process and no data are left behind', () => {
  test.each(['SIGKILL', 'SIGTERM', 'SIGHUP'] as const)('when the parent dies of %s', async (signal) => {
    const { parent, pids, folder } = await started();
    parent.kill(signal);
    await once(parent, 'exit');
    await gone(pids);
    expect(existsSync(folder)).toBe(false);
  });

  test('when the parent is killed while the database is being made', async () => {
    const { parent } = startParent();
    const folders = (): string[] => readdirSync(directory).filter((name) => name.startsWith('database-'));
    await vi.waitUntil(() => folders().some((name) => existsSync(join(directory, name, 'data', 'base'))), WAIT);
    const watcherPid = Number(/\d+/.exec(folders()[0] ?? '')?.[0]);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    await gone([watcherPid]);
    expect(folders()).toEqual([]);
    expect(running(directory)).toEqual([]);
  });

  test('when the watcher of the database is killed too: the next start ends what it left', async () => {
    const { parent, pids, folder } = await started();
    const [queuePid, postmasterPid, watcherPid] = pids as [number, number, number];
    process.kill(watcherPid, 'SIGKILL');
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    await gone([watcherPid, queuePid]);
    expect(isRunning(postmasterPid)).toBe(true);
    const next = await startLocalDatabase({ directory });
    expect(isRunning(postmasterPid)).toBe(false);
    expect(existsSync(folder)).toBe(false);
    await next.stop();
  });
});

test.skipIf(process.platform === 'win32')(
  'a Ctrl-C that reaches the whole process group leaves the servers to the parent until it has drained',
  async () => {
    const { parent, next, pids } = await started();
    process.kill(-(parent.pid ?? 0), 'SIGINT');
    expect(await next()).toEqual({ drained: true });
    await gone(pids);
  },
);

/** Command lines of processes that name `path`, where the system shows them. */
function running(path: string): string[] {
  if (process.platform !== 'linux') return [];
  const commands = readdirSync('/proc').map((name) => {
    try {
      return isRunning(Number(name)) ? readFileSync(`/proc/${name}/cmdline`, 'utf8') : '';
    } catch {
      return '';
    }
  });
  return commands.filter((command) => command.includes(path));
}
