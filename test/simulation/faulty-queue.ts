import type { MemoryBroker } from '../../src/sources/memory-broker.ts';
import type { Arrival, Outcome, Queue } from '../../src/sources/queue.ts';
import type { VirtualClock } from '../../src/testing/virtual-clock.ts';
import type { VirtualProcess } from '../../src/testing/virtual-process.ts';
import { call, type Fates } from './call.ts';
import type { CallFate } from './scenario.ts';

export interface FaultyQueueOptions {
  readonly world: VirtualClock;
  readonly process: VirtualProcess;
  readonly broker: MemoryBroker;
  readonly visibilitySeconds: number;
  readonly receives: Fates;
  readonly removes: Fates;
  readonly extends: Fates;
  /** Told of what is handed out. */
  readonly onReceive: (arrivals: readonly Arrival[]) => void;
  /** Told of what is deleted, at the moment when it is. */
  readonly onRemove: (handles: readonly string[]) => void;
}

const lost = () => new Error('no answer from the queue');

/** Numbers the failed entries of `odd` answers to deletes and renewals: not all of them fail. */
const spoil = (outcomes: readonly Outcome[], { ms }: CallFate): Outcome[] =>
  outcomes.map(
    (outcome, i) => ((i + ms) % 3 === 0 ? (['retry', 'refused', 'stale'] as const)[ms % 3] : undefined) ?? outcome,
  );

/** The broker as one worker reaches it. `odd` receives bring nothing, the same message twice, or what others get at once too; or never end. */
export function faultyQueue(options: FaultyQueueOptions): Queue {
  const { world, process, broker, visibilitySeconds, onReceive, onRemove } = options;
  const server = broker.consumer(visibilitySeconds);

  async function receive(
    max: number,
    waitSeconds: number,
    signal: AbortSignal,
    odd: number,
  ): Promise<readonly Arrival[]> {
    if (odd === 0) return [];
    const arrivals = await server.receive(max, waitSeconds, signal);
    onReceive(arrivals);
    if (odd === 1) return [...arrivals, ...arrivals];
    if (odd === 2) broker.expire();
    return arrivals;
  }

  return {
    ...server,
    receive(max, waitSeconds, signal) {
      const fate = options.receives.next();
      const odd = fate.kind === 'odd' ? fate.ms % 4 : -1;
      if (odd === 3)
        return process.outside(
          () => new Promise((_, reject) => signal.addEventListener('abort', () => reject(lost()))),
        );
      return call({ world, process, fate, lost, effect: () => receive(max, waitSeconds, signal, odd) });
    },
    remove(handles) {
      const fate = options.removes.next();
      return call({
        world,
        process,
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
      return call({
        world,
        process,
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
