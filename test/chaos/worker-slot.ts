import type { ChildProcess } from 'node:child_process';
import { startCommand } from './child.ts';
import type { Tally } from './tally.ts';

/** A place for a worker: one process after the other, each the real command line. */
export interface WorkerSlot {
  readonly name: string;
  readonly pid: number | undefined;
  /** SIGKILL; whether there was a worker to kill that had begun its work. */
  kill(): boolean;
  /** SIGTERM; whether there was one at work that could be asked. */
  term(): boolean;
  /** SIGSTOP for so long, then SIGCONT. */
  freeze(ms: number): boolean;
  /** No more processes after this one: it is asked to end. Resolves when it has. */
  close(): Promise<void>;
}

export interface WorkerSlotOptions {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly tally: Tally;
  readonly onFailure: (what: string) => void;
  /** The process is gone: what it held will come back. */
  readonly onGone: (killed: boolean) => void;
}

const KEPT = 6_000;
/** Longer than grace, last polls and last calls of a worker together. */
const STOP_MS = 75_000;
/** A worker that cannot start is no news during an outage; so often in a row it is. */
const FAILED_STARTS = 15;
/** A setting that cannot work: at the start, a server that cannot be reached counts as one. */
const CONFIG = 78;
const CRASH = /uncaught|unhandled|\b(Type|Reference|Range|Assertion)Error\b|out of memory|\n\s+at .+:\d+:\d+/i;
/** What an outage of queue or database looks like at a start; anything else that cannot work is a failure. */
const OUTAGE =
  /\b(ECONN[A-Z]+|CONNECT[A-Z_]+|EPIPE|ETIMEDOUT|DEADLINE|57P0\d|57014|55P03|08\d{3}|InternalError|ServiceUnavailable|RequestThrottled|TimeoutError|socket hang up)\b/;
const WARNING = /^([a-z]+(?:-[a-z]+)+): /;

export function workerSlot(options: WorkerSlotOptions): WorkerSlot {
  const { name, args, env, tally, onFailure } = options;
  let current = start();
  let closing = false;
  let failedStarts = 0;

  function start() {
    const child = startCommand(args, env);
    const it = { child, ready: false, gone: false, asked: undefined as 'kill' | 'term' | undefined, err: '', out: '' };
    tally.add('seen workers started');
    child.stdout.setEncoding('utf8').on('data', (text: string) => (it.out = (it.out + text).slice(-KEPT)));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      it.err = (it.err + text).slice(-KEPT);
      it.ready ||= text.includes("worker of '");
      for (const line of text.split('\n')) heard(line);
    });
    child.once('error', (error) => onFailure(`${name} cannot be started: ${error.message}`));
    child.once('close', (code, signal) => ended(it, code, signal));
    return it;
  }

  function heard(line: string): void {
    const kind = WARNING.exec(line)?.[1];
    if (kind !== undefined) tally.add(`seen warning ${kind}`);
    else if (line.includes('the database fails')) tally.add('seen warning the database fails');
    else if (/^pipeline '.*' lost message/.test(line)) onFailure(`${name}: ${line}`);
  }

  function ended(it: typeof current, code: number | null, signal: NodeJS.Signals | null): void {
    it.gone = true;
    options.onGone(signal === 'SIGKILL');
    tally.add(
      `seen exit ${signal ?? code}${it.asked === undefined && code === CONFIG ? ' at a start under fault' : ''}`,
    );
    if (CRASH.test(it.err)) onFailure(`${name} wrote of a crash:\n${it.err}`);
    const asExpected =
      (it.asked === 'kill' && signal === 'SIGKILL') || (it.asked === 'term' && code === 0 && signal === null);
    failedStarts = it.ready || asExpected ? 0 : failedStarts + 1;
    const couldNotStart = !it.ready && code === CONFIG && failedStarts < FAILED_STARTS && OUTAGE.test(it.err);
    if (couldNotStart) tally.add(`seen start refused by ${OUTAGE.exec(it.err)?.[0]}`);
    if (!asExpected && !couldNotStart) {
      const asked = it.asked === undefined ? 'unasked' : `after it was asked to ${it.asked}`;
      onFailure(`${name} ended ${asked} with ${signal ?? `code ${code}`}:\n${it.err}`);
    }
    if (it.asked === 'term' && code === 0) add(it.out);
    if (!closing) current = start();
  }

  function add(out: string): void {
    const counts = JSON.parse(out.trimEnd().split('\n').at(-1) ?? '{}') as Record<string, number>;
    for (const kind of ['released', 'lost']) tally.add(`seen by ended workers ${kind}`, counts[kind] ?? 0);
    if ((counts['lost'] ?? 0) > 0) onFailure(`${name} lost ${counts['lost']} messages`);
  }

  /** A worker that does not end in time hangs. */
  function terminate(it: typeof current): void {
    it.asked = 'term';
    it.child.kill('SIGTERM');
    const late = setTimeout(() => {
      onFailure(`${name} did not end within ${STOP_MS} ms after SIGTERM:\n${it.err}`);
      it.child.kill('SIGKILL');
    }, STOP_MS);
    it.child.once('close', () => clearTimeout(late));
  }

  const send = (child: ChildProcess, signal: NodeJS.Signals): boolean => child.exitCode === null && child.kill(signal);

  return {
    name,
    get pid() {
      return current.gone ? undefined : current.child.pid;
    },
    kill() {
      if (current.gone || !current.ready || current.asked === 'kill') return false;
      current.asked = 'kill';
      return send(current.child, 'SIGKILL');
    },
    term() {
      if (current.gone || !current.ready || current.asked) return false;
      terminate(current);
      return true;
    },
    freeze(ms) {
      const { child, gone, ready } = current;
      if (gone || !ready || !send(child, 'SIGSTOP')) return false;
      const thaw = setTimeout(() => void send(child, 'SIGCONT'), ms);
      child.once('close', () => clearTimeout(thaw));
      return true;
    },
    async close() {
      closing = true;
      const it = current;
      if (it.gone) return;
      send(it.child, 'SIGCONT');
      const closed = new Promise<void>((resolve) => void it.child.once('close', () => resolve()));
      if (!it.ready) {
        // It listens to no signal yet.
        it.asked = 'kill';
        it.child.kill('SIGKILL');
      } else if (!it.asked) terminate(it);
      await closed;
    },
  };
}
