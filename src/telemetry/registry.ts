import { REJECT_REASONS } from '../reject.ts';
import { CALL_SECONDS, CUSTODY_SECONDS, FLUSH_EVENTS, STATEMENT_SECONDS } from '../spread.ts';
import { counter, gauge, histogram, type Metric } from './metric.ts';

const pipeline = { pipeline: 'declared' } as const;
const source = { pipeline: 'declared', source: 'declared' } as const;
const branch = { pipeline: 'declared', branch: 'declared' } as const;
const queue = {
  pipeline: 'declared',
  'messaging.system': ['aws_sqs'],
  'messaging.destination.name': 'declared',
} as const;

/** Ages of messages in custody, by the bounds of `AGE_SECONDS`. */
export const AGES = ['1s', '10s', '1m', '10m', 'longer'] as const;
export const STATES = ['busy', 'backpressured', 'idle'] as const;
/** What a watermark may wait for. The first two are how it should be. */
export const HOLDS = ['message', 'empty-queue', 'new-worker', 'silent-worker', 'unread-source', 'no-workers'] as const;
const FAILURES = ['retry', 'slow', 'event', 'horizon', 'fenced', 'fatal'] as const;

/**
 * Every metric there is, by the name that code knows it by: what is exported, the reference in `docs/METRICS.md`, dashboards and alert rules are all made
 * of this.
 */
export const METRICS = {
  events: counter('scalestream.events', '{event}', 'Events that are settled, by what became of them', {
    ...pipeline,
    outcome: ['committed', 'duplicate', 'rejected', 'filtered', 'diverted'],
  }),
  late: counter('scalestream.events.late', '{event}', 'Committed events whose window was final already', pipeline),
  rejects: counter('scalestream.rejects', '{event}', 'Events and messages kept as rejects, also again, by why', {
    ...pipeline,
    reason: REJECT_REASONS,
  }),
  windowsBegun: counter('scalestream.windows.begun', '{window}', 'Windows that began', pipeline),
  windowsFinal: counter('scalestream.windows.final', '{window}', 'Windows that this worker made final', pipeline),
  revisions: counter('scalestream.windows.revisions', '{window}', 'Revisions of final windows it announced', pipeline),
  merges: counter('scalestream.merges', '{group}', 'Groups of events that flushes merged into windows', {
    ...pipeline,
    table: 'declared',
  }),
  retries: counter('scalestream.flush.retries', '{flush}', 'Flushes that failed and are repeated', pipeline),
  flushEvents: histogram('scalestream.flush.events', '{event}', 'Events of a committed flush', pipeline, FLUSH_EVENTS),
  statements: histogram(
    'db.client.operation.duration',
    's',
    'Duration of flushes, by what a failure means',
    {
      ...pipeline,
      'db.system.name': ['postgresql'],
      'db.collection.name': 'declared',
      'db.operation.name': ['INSERT'],
      'error.type': FAILURES,
    },
    STATEMENT_SECONDS,
  ),
  breaker: gauge('scalestream.breaker.open', '1', '1: it stopped receiving, since the database fails', pipeline),
  watermarkLag: gauge('scalestream.watermark.lag', 's', 'How far the watermark is behind the database clock', pipeline),
  consumed: counter('messaging.client.consumed.messages', '{message}', 'Messages received, redeliveries included', {
    ...queue,
    'messaging.operation.name': ['receive'],
  }),
  calls: histogram(
    'messaging.client.operation.duration',
    's',
    'Duration of calls to the queue; a receive waits for messages',
    {
      ...queue,
      'messaging.operation.name': ['receive', 'delete', 'extend', 'release'],
      'error.type': ['refused', 'throttled', 'credentials', 'network'],
    },
    CALL_SECONDS,
  ),
  processing: histogram(
    'messaging.process.duration',
    's',
    'From receive to commit, a message',
    { ...queue, 'messaging.operation.name': ['process'] },
    CUSTODY_SECONDS,
  ),
  redelivered: counter('scalestream.messages.redelivered', '{message}', 'Messages that came again', source),
  settled: counter('scalestream.messages.settled', '{message}', 'Messages by how custody of them ended', {
    ...source,
    outcome: ['deleted', 'released', 'lost'],
  }),
  polls: counter('scalestream.polls', '{poll}', 'Receives by what they brought', {
    ...source,
    outcome: ['messages', 'empty', 'failed'],
  }),
  leases: counter('scalestream.leases', '{message}', 'Leases of messages that were to be renewed', {
    ...source,
    outcome: ['renewed', 'failed', 'ended'],
  }),
  held: gauge('scalestream.custody.messages', '{message}', 'Messages in custody by how long', {
    ...source,
    age: AGES,
  }),
  heldBytes: gauge('scalestream.custody.bytes', 'By', 'Decoded bytes in custody', source),
  credit: gauge('scalestream.credit.used', '1', 'Share of the credit in use: messages or bytes', source),
  lag: gauge('scalestream.lag', 's', 'Age of the oldest message in custody, since it was sent; 0: none is', source),
  silence: gauge('scalestream.source.silence', 's', 'Since the last message of a source came', source),
  receiving: counter('scalestream.receiving.time', 's', 'What a source did with its time', {
    ...source,
    state: STATES,
  }),
  stageEntered: counter('scalestream.stage.messages', '{message}', 'Messages that came into a stage', {
    ...pipeline,
    stage: 'declared',
  }),
  stageHeld: gauge('scalestream.stage.held', '{message}', 'Messages in a stage', { ...pipeline, stage: 'declared' }),
  stageShare: gauge('scalestream.stage.share', '1', 'Share of the last ten seconds, by state', {
    ...pipeline,
    stage: 'declared',
    state: STATES,
  }),
  databaseUp: gauge('scalestream.database.up', '1', '1: the database answered when it was last asked', pipeline),
  workers: gauge('scalestream.workers', '{worker}', 'Workers as the database knows them; dead: of the last 15 min', {
    ...pipeline,
    state: ['live', 'silent', 'dead'],
  }),
  hold: gauge('scalestream.watermark.hold', '1', '1: the watermark waits for this', { ...pipeline, reason: HOLDS }),
  partitions: gauge('scalestream.partitions', '{partition}', 'Days that the event table has', pipeline),
  backlog: gauge('scalestream.outbox.backlog', '{window}', 'Final windows to be delivered; 100000: or more', branch),
  failing: gauge('scalestream.outbox.failing', '{window}', 'Of these: they did not arrive the last time', branch),
  waiting: gauge('scalestream.outbox.oldest', 's', 'How long the oldest of them waits; 0: none does', branch),
  requests: histogram(
    'http.server.request.duration',
    's',
    'Duration of requests to the API; of a stream, until it began',
    {
      'http.request.method': ['GET', 'HEAD', 'POST', '_OTHER'],
      'http.route': 'routes',
      'http.response.status_code': 'routes',
      'url.scheme': ['http'],
    },
    CALL_SECONDS,
  ),
  streams: gauge('scalestream.stream.clients', '{client}', 'Streams of the API that are open', {}),
  ingested: counter('scalestream.ingest.events', '{event}', 'Events that came in by HTTP and the queue has', pipeline),
  cpu: counter('process.cpu.time', 's', 'CPU time of the process', { 'cpu.mode': ['user', 'system'] }),
  uptime: gauge('process.uptime', 's', 'Since the process began', {}),
  memory: gauge('scalestream.memory.used', 'By', 'Memory: of the process, and of that V8’s heap', {
    kind: ['process', 'heap'],
  }),
  memoryLimit: gauge('scalestream.memory.limit', 'By', 'What it may have: beyond that the process ends', {
    kind: ['process', 'heap'],
  }),
  loop: gauge('nodejs.eventloop.utilization', '1', 'Event loop utilization', {}),
  loopDelay: gauge('nodejs.eventloop.delay.p99', 's', 'Event loop 99 percentile delay.', {}),
} as const satisfies Readonly<Record<string, Metric>>;

export type MetricKey = keyof typeof METRICS;
export type LabelOf<K extends MetricKey> = keyof (typeof METRICS)[K]['labels'] & string;

/** Those that come from OpenTelemetry's instrumentation of Node, of which there are more: those that dashboards and alerts use. */
export const OF_NODE: ReadonlySet<MetricKey> = new Set(['loop', 'loopDelay']);
