import { readdirSync, readFileSync } from 'node:fs';
import { Observable, type Subscription } from 'rxjs';

/** What keeps an event loop alive and has an owner who must end it. Requests under way (file reads, name look-ups) end by themselves. */
const KINDS: Readonly<Record<string, string>> = {
  Timeout: 'timer',
  TCPSocketWrap: 'TCP socket',
  TCPServerWrap: 'TCP server',
  TLSWrap: 'TLS socket',
  PipeWrap: 'pipe',
  PipeServerWrap: 'pipe server',
  ProcessWrap: 'process',
  UDPWrap: 'UDP socket',
  Worker: 'worker thread',
  FSEventWrap: 'file watcher',
  StatWatcher: 'file watcher',
};

/**
 * Begins to watch this process: its timers, sockets, servers, child processes (those too that do not hold up its end) and RxJS subscriptions.
 *
 * @param owner says on whose behalf a subscription is made, e.g. the name of the running test.
 * @returns a function that names what is there now and was not at the beginning. Empty: nothing.
 */
export function watchLeaks(owner: () => string, withSubscriptions = true): () => string[] {
  const subscriptions = withSubscriptions ? countSubscriptions(owner) : new Map<string, number>();
  const resourcesBefore = resources();
  const childrenBefore = new Set(children());
  return () => {
    const leaks: string[] = [];
    for (const [kind, count] of resources()) {
      const more = count - (resourcesBefore.get(kind) ?? 0);
      if (more > 0) leaks.push(`${kind} (${more})`);
    }
    for (const pid of children()) if (!childrenBefore.has(pid)) leaks.push(`child process ${pid}`);
    for (const [test, count] of subscriptions) leaks.push(`subscription of '${test}' (${count})`);
    return leaks;
  };
}

function resources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const info of process.getActiveResourcesInfo()) {
    const kind = KINDS[info];
    if (kind !== undefined) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

/** Where the system tells: Linux does. */
function children(): string[] {
  try {
    return readdirSync('/proc/self/task').flatMap((thread) =>
      readFileSync(`/proc/self/task/${thread}/children`, 'utf8')
        .split(' ')
        .filter((pid) => pid !== ''),
    );
  } catch {
    return [];
  }
}

/** RxJS keeps no list of who is subscribed: `subscribe` is wrapped to make one. */
function countSubscriptions(owner: () => string): ReadonlyMap<string, number> {
  const open = new Map<string, number>();
  const subscribe = Reflect.get(Observable.prototype, 'subscribe') as (...args: unknown[]) => Subscription;
  Observable.prototype.subscribe = function counted(this: Observable<unknown>, ...args: unknown[]): Subscription {
    const subscription = Reflect.apply(subscribe, this, args);
    if (subscription.closed) return subscription;
    const test = owner();
    open.set(test, (open.get(test) ?? 0) + 1);
    subscription.add(() => {
      const left = (open.get(test) ?? 1) - 1;
      if (left === 0) open.delete(test);
      else open.set(test, left);
    });
    return subscription;
  };
  return open;
}
