import { merge } from 'rxjs';
import { ConfigError } from '../errors.ts';
import type { Source, SourceStats, StageStats } from '../source.ts';

/**
 * Several queues into one pipeline, as one source: its name is theirs, joined by `+`. Each keeps its own credit, so what may be held is the sum, and
 * its own polls: one that fails or is idle holds up no other. One that is stopped leaves the others running.
 *
 * Delivery: as each of them delivers. The messages keep the name of their queue's source, and each queue has its own entry in `progress()`, of which
 * the watermark is the least: a queue that cannot be read holds it.
 *
 * @throws ConfigError when there is none, or when two have the same name, by which messages and rejects are told apart, or are one queue.
 * @example
 * const source = mergeSources([await sqsSource({ queue: 'orders' }), await sqsSource({ queue: 'returns' })]);
 */
export function mergeSources(sources: readonly Source[]): Source {
  const names = sources.flatMap((source) => source.progress().map((each) => each.source));
  const repeated = names.find((name, index) => names.indexOf(name) < index);
  if (names.length === 0 || repeated !== undefined) {
    throw new ConfigError({
      where: 'mergeSources(sources)',
      expected: 'one source or more, each with a name of its own',
      got: repeated === undefined ? 'none' : `'${repeated}' twice`,
      fix: repeated === undefined ? 'pass a source' : "give each source a 'name'",
    });
  }
  const queues = sources.flatMap((source) => source.queues);
  const readTwice = queues.find((queue, index) => queues.indexOf(queue) < index);
  if (readTwice !== undefined) {
    const readers = sources.filter((source) => source.queues.includes(readTwice)).map(({ name }) => `'${name}'`);
    throw new ConfigError({
      where: 'mergeSources(sources)',
      expected: 'each queue once',
      got: `${readers.join(' and ')}, which are one (${readTwice})`,
      fix: 'leave one out',
    });
  }

  function oldestHeld(): number | undefined {
    const held = sources.map((source) => source.oldestHeld()).filter((sentAt) => sentAt !== undefined);
    return held.length > 0 ? Math.min(...held) : undefined;
  }

  return {
    name: sources.map(({ name }) => name).join('+'),
    queues,
    visibilityMs: longest(sources.map(({ visibilityMs }) => visibilityMs)),
    messages: merge(...sources.map(({ messages }) => messages)),
    stop: () => sources.forEach((source) => source.stop()),
    pause: () => sources.forEach((source) => source.pause()),
    resume: () => sources.forEach((source) => source.resume()),
    async drained(graceMs) {
      await Promise.all(sources.map((source) => source.drained(graceMs)));
    },
    async isEmpty() {
      // All of them, whatever the first says: each counts its own empty readings.
      const empty = await Promise.all(sources.map((source) => source.isEmpty()));
      return empty.every(Boolean);
    },
    oldestHeld,
    progress: () => sources.flatMap((source) => source.progress()),
    stats: () => sources.map((source) => source.stats()).reduce(sum),
    details: () => sources.flatMap((source) => source.details()),
  };
}

function longest(spans: readonly (number | undefined)[]): number | undefined {
  const known = spans.filter((ms) => ms !== undefined);
  return known.length > 0 ? Math.max(...known) : undefined;
}

const sum = (a: SourceStats, b: SourceStats): SourceStats => ({
  received: a.received + b.received,
  redelivered: a.redelivered + b.redelivered,
  acknowledged: a.acknowledged + b.acknowledged,
  released: a.released + b.released,
  lost: a.lost + b.lost,
  held: a.held + b.held,
  heldBytes: a.heldBytes + b.heldBytes,
  credit: Math.max(a.credit, b.credit),
  receiving: {
    busy: a.receiving.busy + b.receiving.busy,
    backpressured: a.receiving.backpressured + b.receiving.backpressured,
    idle: a.receiving.idle + b.receiving.idle,
  },
  stages: together([...a.stages, ...b.stages]),
});

/** A stage that holds messages of two sources is occupied by either: no less than by the one that was there longer. */
function together(all: readonly StageStats[]): readonly StageStats[] {
  const stages = new Map<string, StageStats>();
  for (const each of all) {
    const { entered, held, occupiedMs } = stages.get(each.stage) ?? { entered: 0, held: 0, occupiedMs: 0 };
    stages.set(each.stage, {
      stage: each.stage,
      entered: entered + each.entered,
      held: held + each.held,
      occupiedMs: Math.max(occupiedMs, each.occupiedMs),
    });
  }
  return [...stages.values()];
}
