import type { Pipeline } from '../pipeline.ts';
import { REJECT_REASONS } from '../reject.ts';
import type { Worker, WorkerStats } from '../runtime/worker.ts';
import type { QueueStats, Source } from '../source.ts';
import type { Vitals } from '../vitals.ts';
import type { Reader, Reading } from './reading.ts';
import { reading } from './reading.ts';
import { AGES, STATES } from './registry.ts';

/** What a worker tells of itself and of its source: plain counts that they keep anyhow. Nobody is asked. */
export function workerReadings({ name, events }: Pipeline, worker: Worker, source: Source): Reader {
  return () => {
    const stats = worker.stats();
    return [
      ...eventsOf(name, stats),
      ...flushesOf(name, events.name, stats),
      ...stagesOf(name, stats, worker.vitals()),
      ...source.details().flatMap((queue) => queueOf(name, queue)),
    ];
  };
}

function eventsOf(pipeline: string, stats: WorkerStats): Reading[] {
  const { committed, duplicates, rejected, filtered, diverted, late, windows, store, time } = stats;
  const outcomes = { committed, duplicate: duplicates, rejected, filtered, diverted };
  return [
    ...Object.entries(outcomes).map(([outcome, n]) => reading('events', { pipeline, outcome }, n)),
    reading('late', { pipeline }, late),
    reading('windowsBegun', { pipeline }, windows),
    reading('windowsFinal', { pipeline }, time.final),
    reading('revisions', { pipeline }, time.revised),
    // all of them from the beginning: what appears with its first one has no rate
    ...REJECT_REASONS.map((reason) => reading('rejects', { pipeline, reason }, store.rejects[reason] ?? 0)),
    ...(time.behind === undefined ? [] : [reading('watermarkLag', { pipeline }, time.behind)]),
  ];
}

function flushesOf(pipeline: string, table: string, { store, breaker }: WorkerStats): Reading[] {
  const database = { 'db.system.name': 'postgresql', 'db.collection.name': table, 'db.operation.name': 'INSERT' };
  return [
    ...store.seconds.map(({ failure, seconds }) =>
      reading('statements', { pipeline, ...database, 'error.type': failure }, seconds),
    ),
    ...Object.entries(store.merges).map(([table, n]) => reading('merges', { pipeline, table }, n)),
    reading('flushEvents', { pipeline }, store.events),
    reading('retries', { pipeline }, store.retries),
    reading('breaker', { pipeline }, breaker === 'open' ? 1 : 0),
  ];
}

function stagesOf(pipeline: string, { source }: WorkerStats, { stages }: Vitals): Reading[] {
  return [
    ...source.stages.flatMap(({ stage, entered, held }) => [
      reading('stageEntered', { pipeline, stage }, entered),
      reading('stageHeld', { pipeline, stage }, held),
    ]),
    ...stages.flatMap((each) =>
      STATES.map((state) => reading('stageShare', { pipeline, stage: each.stage, state }, each[state])),
    ),
  ];
}

function queueOf(pipeline: string, queue: QueueStats): Reading[] {
  const { source } = queue;
  const at = { pipeline, source };
  const messaging = { pipeline, 'messaging.system': 'aws_sqs', 'messaging.destination.name': source };
  const receives = queue.calls.filter(({ operation }) => operation === 'receive');
  const failed = total(receives.filter(({ error }) => error !== undefined));
  const polls = { messages: total(receives) - failed - queue.emptyPolls, empty: queue.emptyPolls, failed };
  const settled = { deleted: queue.acknowledged, released: queue.released, lost: queue.lost };
  return [
    reading('consumed', { ...messaging, 'messaging.operation.name': 'receive' }, queue.received),
    reading('processing', { ...messaging, 'messaging.operation.name': 'process' }, queue.processing),
    ...queue.calls.map(({ operation, error, seconds }) =>
      reading('calls', { ...messaging, 'messaging.operation.name': operation, 'error.type': error }, seconds),
    ),
    reading('redelivered', at, queue.redelivered),
    ...Object.entries(settled).map(([outcome, n]) => reading('settled', { ...at, outcome }, n)),
    ...Object.entries(polls).map(([outcome, n]) => reading('polls', { ...at, outcome }, n)),
    ...Object.entries(queue.leases).map(([outcome, n]) => reading('leases', { ...at, outcome }, n)),
    ...AGES.map((age, i) => reading('held', { ...at, age }, queue.ages[i] ?? 0)),
    reading('heldBytes', at, queue.heldBytes),
    reading('credit', at, queue.credit),
    reading('lag', at, queue.oldestSentAt === undefined ? 0 : Math.max(0, queue.now - queue.oldestSentAt) / 1_000),
    reading('silence', at, (queue.now - queue.lastMessageAt) / 1_000),
    ...STATES.map((state) => reading('receiving', { ...at, state }, queue.receiving[state] / 1_000)),
  ];
}

const total = (calls: QueueStats['calls']): number =>
  calls.reduce((sum, { seconds }) => sum + seconds.counts.reduce((all, n) => all + n, 0), 0);
