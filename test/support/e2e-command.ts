import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** What a process left when it ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
  /** The last line of the output, as JSON. */
  json(): Record<string, unknown>;
}

/** A process of the command line at work. */
export interface Command {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when the output so far matches; rejects when the process ends before it does. */
  said(pattern: RegExp): Promise<void>;
}

/** The variables a child inherits: none of those that are settings. */
const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'SystemRoot'] as const;

/** Starts `scalestream …args` with the settings of `env` and no others. It is ended with the test. */
export function command(args: readonly string[], env: NodeJS.ProcessEnv = {}): Command {
  return program(process.execPath, [MAIN, ...args], env);
}

/** Runs `scalestream …args` to its end. */
export const scalestream = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> =>
  command(args, env).ended;

/** Starts any program with the settings of `env` and no others. It is ended with the test. */
export function program(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Command {
  const inherited = Object.fromEntries(INHERITED.map((name) => [name, process.env[name]]));
  const child = spawn(file, args, { env: { ...inherited, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { out: '', err: '' };
  const watchers = new Set<() => void>();
  for (const [name, stream] of [['out', child.stdout] as const, ['err', child.stderr] as const]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
      for (const watcher of watchers) watcher();
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, ...said, json: () => lastJson(said.out) }));
  });
  ended.catch(() => undefined);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return {
    child,
    ended,
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => void (pattern.test(said.out + said.err) && resolve());
        watchers.add(look);
        look();
        void ended.then(({ code, err }) => reject(new Error(`it ended (${code}) before it said ${pattern}: ${err}`)));
      }),
  };
}

const lastJson = (out: string): Record<string, unknown> =>
  JSON.parse(out.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>;
