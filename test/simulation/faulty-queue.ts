import type { MemoryBroker } from '../../src/sources/memory-broker.ts';
import type { Arrival, Outcome, Queue } from '../../src/sources/queue.ts';
import type { VirtualClock } from '../../src/testing/virtual-clock.ts';
import type { VirtualProcess } from '../../src/testing/virtual-process.ts';
import { call, type Fates, type Troubles } from './call.ts';
import type { CallFate } from './scenario.ts';

export interface FaultyQueueOptions {
  readonly world: VirtualClock;
  readonly process: VirtualProcess;
  readonly troubles: Troubles;
  readonly broker: MemoryBroker;
  readonly visibilitySeconds: number;
  readonly receives: Fates;
  readonly removes: Fates;
  readonly extends: Fates;
  /** Told of what is handed out, and whether it is on its way to the worker. */
  readonly onReceive: (arrivals: readonly Arrival[], arrives: boolean) => void;
  /** Told of what has reached the worker: from now on it has custody. It may not have wanted it any more, and aborted its receive. */
  readonly onCustody: (arrivals: readonly Arrival[], aborted: boolean) => void;
  /** Told of what is deleted, at the moment when it is. */
  readonly onRemove: (handles: readonly string[]) => void;
  /** Told of what the worker gives back. */
  readonly onRelease: (handles: readonly string[]) => void;
}

const lost = () => new Error('no answer from the queue');

/** Numbers the failed entries of `odd` answers to deletes and renewals: not all of them fail. */
const spoil = (outcomes: readonly Outcome[], { ms }: CallFate): Outcome[] =>
  outcomes.map(
    (outcome, i) => ((i + ms) % 3 === 0 ? (['retry', 'refused', 'stale'] as const)[ms % 3] : undefined) ?? outcome,
  );

/** What is odd about a receive, if anything is. */
const oddity = ({ kind, ms }: CallFate): number => (kind === 'odd' ? ms % 4 : -1);

/** Whether a receive brings nothing although there may be something. */
export const isLie = (fate: CallFate): boolean => oddity(fate) === 0;

/** The broker as one worker reaches it. `odd` receives bring nothing, the same message twice, or what others get at once too; or never end. */
export function faultyQueue(options: FaultyQueueOptions): Queue {
  const { world, process, troubles, broker, visibilitySeconds, onReceive, onCustody, onRemove, onRelease } = options;
  const server = broker.consumer(visibilitySeconds);

  async function receive(
    max: number,
    waitSeconds: number,
    signal: AbortSignal,
    odd: number,
    arrives: boolean,
  ): Promise<readonly Arrival[]> {
    if (odd === 0) return [];
    const arrivals = await server.receive(max, waitSeconds, signal);
    onReceive(arrivals, arrives);
    if (odd === 1) return [...arrivals, ...arrivals];
    if (odd === 2) broker.expire();
    return arrivals;
  }

  function never(signal: AbortSignal): Promise<readonly Arrival[]> {
    const trouble = { process };
    troubles.add(trouble);
    return process.outside(
      () =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            troubles.delete(trouble);
            reject(lost());
          });
        }),
    );
  }

  return {
    ...server,
    receive(max, waitSeconds, signal) {
      const fate = options.receives.next();
      const odd = oddity(fate);
      if (odd === 3) return never(signal);
      const arrives = fate.kind === 'ok' || fate.kind === 'odd';
      const answer = call({
        world,
        process,
        troubles,
        fate,
        lost,
        effect: () => receive(max, waitSeconds, signal, odd, arrives),
      });
      return answer.then((arrivals) => {
        onCustody(arrivals, signal.aborted);
        return arrivals;
      });
    },
    remove(handles) {
      const fate = options.removes.next();
      return call({
        world,
        process,
        troubles,
        fate,
        lost,
        async effect() {
          const chosen = fate.kind === 'odd' ? handles.filter((_, i) => (i + fate.ms) % 3 !== 0) : handles;
          onRemove(chosen);
          const done = new Map((await server.remove(chosen)).map((outcome, i) => [chosen[i] as string, outcome]));
          const outcomes = handles.map((handle) => done.get(handle) ?? 'retry');
          return fate.kind === 'odd' ? spoil(outcomes, fate) : outcomes;
        },
      });
    },
    changeVisibility(changes) {
      const fate = options.extends.next();
      onRelease(changes.filter(({ seconds }) => seconds === 0).map(({ handle }) => handle));
      return call({
        world,
        process,
        troubles,
        fate,
        lost,
        async effect() {
          const outcomes = await server.changeVisibility(changes);
          return fate.kind === 'odd' ? spoil(outcomes, fate) : outcomes;
        },
      });
    },
    depth: () => process.outside(() => server.depth()),
    failureOf: () => 'network',
  };
}
