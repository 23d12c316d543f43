import { onTestFinished } from 'vitest';
import type { Source, SourceProgress } from '../../src/source.ts';
import { type MemoryBroker, memoryBroker } from '../../src/sources/memory-broker.ts';
import { type PullOptions, pullSettings } from '../../src/sources/pull-options.ts';
import { pullSource } from '../../src/sources/pull-source.ts';
import type { Queue } from '../../src/sources/queue.ts';
import { type VirtualClock, virtualClock } from '../../src/testing/virtual-clock.ts';

/** A source on a queue in memory, in virtual time. */
export interface QueueInTime {
  readonly clock: VirtualClock;
  readonly broker: MemoryBroker;
  readonly source: Source;
  /** When each receive was asked for. */
  readonly starts: readonly number[];
  readonly warnings: readonly string[];
  readonly progress: () => SourceProgress;
}

export interface QueueInTimeOptions extends PullOptions {
  /** Puts faults between the source and its queue. */
  readonly through?: (queue: Queue, clock: VirtualClock) => Queue;
}

/** Makes them; the source is drained when the test is over. */
export function queueInTime(
  { through = (queue) => queue, ...options }: QueueInTimeOptions = {},
  clock: VirtualClock = virtualClock(),
): QueueInTime {
  const broker = memoryBroker(clock);
  const starts: number[] = [];
  const warnings: string[] = [];
  const settings = pullSettings({ clock, onWarning: (kind) => warnings.push(kind), ...options });
  const server = through(broker.consumer(settings.visibilitySeconds), clock);
  const queue: Queue = {
    ...server,
    receive(max, waitSeconds, signal) {
      starts.push(clock.now());
      return server.receive(max, waitSeconds, signal);
    },
  };
  const source = pullSource(options.name ?? 'in-time', queue, settings);
  onTestFinished(async () => {
    const drained = source.drained(0);
    await clock.advance(60_000);
    await drained;
  });
  return { clock, broker, source, starts, warnings, progress: () => source.progress()[0] as SourceProgress };
}

/** As over a network: each receive takes `ms` more than it waits, and so does each look at the depth. */
export const slower =
  (ms: number) =>
  (queue: Queue, clock: VirtualClock): Queue => {
    const later = () => new Promise<void>((resolve) => void clock.after(ms, resolve));
    return {
      ...queue,
      async receive(max, waitSeconds, signal) {
        const arrivals = await queue.receive(max, waitSeconds, signal);
        await later();
        return arrivals;
      },
      async depth() {
        const depth = await queue.depth();
        await later();
        return depth;
      },
    };
  };
