import { hostname } from 'node:os';
import { milliseconds } from '../duration.ts';
import { ConfigError, messageOf } from '../errors.ts';
import type { Pipeline } from '../pipeline.ts';
import type { SinkDefaults } from '../final-sink.ts';
import { nameOf } from '../producer/queue.ts';
import { checkSinks } from '../runtime/check-sinks.ts';
import { latenessFits } from '../runtime/lateness-fits.ts';
import { rehearse } from '../runtime/rehearse.ts';
import { startWorker, type Worker } from '../runtime/worker.ts';
import { statementWithin } from '../sinks/postgres/deadlines.ts';
import { type Database, postgresDatabase } from '../sinks/postgres/postgres.ts';
import type { Source } from '../source.ts';
import { mergeSources } from '../sources/merge-sources.ts';
import { DEFAULT_VISIBILITY, type PullOptions, pullSettings } from '../sources/pull-options.ts';
import { sqsSource } from '../sources/sqs/sqs.ts';
import { isSinkBranch } from '../when-final.ts';
import { databaseAtStart, queueAtStart } from './at-start.ts';
import { isSameQueue, queuesApart } from './queues-apart.ts';
import type { QueueSettings } from './settings.ts';

export interface OpenWorkerOptions
  extends Pick<PullOptions, 'visibilityTimeout' | 'maxMessages' | 'maxBytes' | 'waitSeconds'> {
  readonly pipeline: Pipeline;
  /** One or more; the watermark waits for each. */
  readonly queues: readonly QueueSettings[];
  readonly databaseUrl: string;
  /** Create or update the tables first. */
  readonly migrate: boolean;
  /** Name of the worker. Default: host and process id. */
  readonly name?: string | undefined;
  readonly warn: (line: string) => void;
}

/** A worker with what it works on. */
export interface OpenWorker {
  readonly worker: Worker;
  readonly source: Source;
  readonly database: Database;
}

/** One source, or several as one; credit is shared out among them. */
async function openSource({ pipeline, queues, warn, ...pull }: OpenWorkerOptions): Promise<Source> {
  const { visibilityTimeout, waitSeconds } = pull;
  const { maxMessages, maxBytes } = pullSettings(pull);
  const share = (total: number): number => Math.max(1, Math.floor(total / queues.length));
  const opened: Source[] = [];
  try {
    for (const queue of queues) {
      const source = await sqsSource({
        ...queue,
        keepDays: pipeline.events.keepDays,
        visibilityTimeout,
        waitSeconds,
        maxMessages: share(maxMessages),
        maxBytes: share(maxBytes),
        onWarning: (kind, detail) => warn(`${kind}: ${detail}`),
        onLost: (lost) =>
          warn(
            `pipeline '${pipeline.name}' lost message ${lost.id} after stage '${lost.stage}': it comes back. Fix: keep batches whole between operators`,
          ),
      }).catch((error: unknown) => {
        throw queueAtStart(error, queue);
      });
      opened.push(source);
    }
    queuesApart(opened.map(({ name, queues: [url = ''] }) => ({ source: name, url })));
    return opened.length === 1 ? (opened[0] as Source) : mergeSources(opened);
  } catch (error) {
    for (const source of opened) await source.drained(0);
    throw error;
  }
}

/** Final windows that come back as events would become windows again, for ever. */
async function noCycle({ finals }: Pipeline, queues: readonly string[], defaults: SinkDefaults): Promise<void> {
  for (const { name, to } of finals.filter(isSinkBranch)) {
    if (!queues.some((queue) => to.name.includes(nameOf(queue, true)))) continue;
    const sink = await to.open(defaults);
    sink.close();
    const own = queues.find((queue) => sink.queue !== undefined && isSameQueue(queue, sink.queue));
    if (own === undefined) continue;
    throw new ConfigError({
      where: `whenFinal '${name}', ${to.name}`,
      expected: 'a queue that the pipeline does not read itself',
      got: own,
      fix: 'deliver to another queue',
    });
  }
}

/** What a dead worker held is with another one so long after its visibility timeout, at the latest. */
const REDELIVERY_MS = 15_000;

/**
 * Connects queue and database and starts a worker.
 *
 * @throws ConfigError when the pipeline's graph cannot work, or queue or database does not exist, refuses or cannot be reached: then nothing was
 *   received.
 */
export async function openWorker(options: OpenWorkerOptions): Promise<OpenWorker> {
  const { pipeline, databaseUrl, name = `${hostname()}:${process.pid}`, warn } = options;
  const visibilityMs = milliseconds(options.visibilityTimeout ?? DEFAULT_VISIBILITY);
  const statementMs = statementWithin(visibilityMs);
  latenessFits(pipeline, visibilityMs, '--visibility');
  await rehearse(pipeline, warn);
  // Queues of `whenFinal` are where the worker's own are, unless they say otherwise.
  const [sinkDefaults = {}] = options.queues;
  await checkSinks(pipeline, sinkDefaults);
  const source = await openSource(options);
  const database = postgresDatabase({ url: databaseUrl, statementMs });
  try {
    await noCycle(pipeline, source.queues, sinkDefaults);
    if (options.migrate) await database.migrate(pipeline);
    const store = await database.open(pipeline, {
      worker: name,
      sources: source.progress().map((each) => each.source),
      queues: source.queues,
      lifeMs: visibilityMs + REDELIVERY_MS,
    });
    const worker = startWorker(pipeline, {
      source,
      store,
      onWarning: warn,
      sinkDefaults,
      onBreaker: (open, cause) =>
        warn(
          open
            ? `the database fails: receiving stopped, nothing is lost. ${messageOf(cause)}`
            : 'the database is back: receiving again',
        ),
    });
    return { worker, source, database };
  } catch (error) {
    await database.close().catch(() => undefined);
    source.stop();
    await source.drained(0);
    throw databaseAtStart(error, databaseUrl);
  }
}
