import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { ConfigError, messageOf } from '../errors.ts';

/** What went wrong in a companion, as a {@link ConfigError} says it. */
export interface StartFailure {
  readonly expected: string;
  readonly got: string;
  readonly fix: string;
}

/** What a companion tells its parent, once. */
export type Announcement<Ready> = { readonly ready: Ready } | { readonly failed: StartFailure };

/** A process of ours that lives exactly as long as we want it, and never longer than we do. */
export interface Companion<Ready> {
  readonly ready: Ready;
  readonly pid: number;
  /** Resolves when the process has ended, asked for or not, with the last of what it wrote to stderr. */
  readonly ended: Promise<string>;
  /** Ends it and resolves when it is gone. May be called again. */
  readonly stop: () => Promise<void>;
}

const STDERR_KEPT = 8_192;
/** Longer than any companion takes to end in good order. */
const STOP_DEADLINE_MS = 60_000;

/**
 * Starts `entry`, a file that calls `accompany`, as a child process and waits until it is ready.
 *
 * The channel between the two is the lease: when it closes, because we say so or because we died in any way (`kill -9` too), the companion ends.
 * It is in a process group of its own, so that Ctrl-C reaches only us and we can drain before it goes. It does not keep our event loop alive.
 *
 * @throws ConfigError when it ends, or says that it failed, before it was ready.
 */
export async function startCompanion<Ready>(what: string, entry: URL, options: object): Promise<Companion<Ready>> {
  const child = spawn(process.execPath, [fileURLToPath(entry)], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const stderrPipe = child.stderr as Socket;
  let stderr = '';
  stderrPipe.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_KEPT);
  });
  const ended = new Promise<string>((resolve) => {
    // Not the child's 'close': it never comes once we have closed the channel ourselves.
    let open = 2;
    const end = (): void => void (--open === 0 && resolve(stderr.trim()));
    child.once('exit', end);
    stderrPipe.once('close', end);
    child.once('error', (error) => resolve(messageOf(error)));
  });
  const announced = new Promise<Announcement<Ready>>((resolve) => {
    child.once('message', (message) => resolve(message as unknown as Announcement<Ready>));
    void ended.then((last) =>
      resolve({
        failed: {
          expected: 'it to start',
          got: last || 'an end without a word',
          fix: 'is the installation complete? Run npm ci',
        },
      }),
    );
  });
  const stop = async (): Promise<void> => {
    child.ref();
    stderrPipe.ref();
    if (child.connected) child.disconnect();
    const last = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await ended;
    clearTimeout(last);
  };
  child.send({ options }, () => undefined);
  const announcement = await announced;
  if ('failed' in announcement) {
    await stop();
    throw new ConfigError({ where: what, ...announcement.failed });
  }
  child.unref();
  child.channel?.unref();
  stderrPipe.unref();
  return { ready: announcement.ready, pid: child.pid ?? 0, ended, stop };
}
