import { hostname } from 'node:os';
import { milliseconds } from '../duration.ts';
import { messageOf } from '../errors.ts';
import type { Pipeline } from '../pipeline.ts';
import { rehearse } from '../runtime/rehearse.ts';
import { startWorker, type Worker } from '../runtime/worker.ts';
import { statementWithin } from '../sinks/postgres/deadlines.ts';
import { type Database, postgresDatabase } from '../sinks/postgres/postgres.ts';
import type { Source } from '../source.ts';
import { DEFAULT_VISIBILITY, type PullOptions } from '../sources/pull-options.ts';
import { sqsSource } from '../sources/sqs/sqs.ts';
import { databaseAtStart, queueAtStart } from './at-start.ts';
import type { QueueSettings } from './settings.ts';

export interface OpenWorkerOptions
  extends Pick<PullOptions, 'visibilityTimeout' | 'maxMessages' | 'maxBytes' | 'waitSeconds'> {
  readonly pipeline: Pipeline;
  readonly queue: QueueSettings;
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

/**
 * Connects queue and database and starts a worker.
 *
 * @throws ConfigError when the pipeline's graph cannot work, or queue or database does not exist, refuses or cannot be reached: then nothing was
 *   received.
 */
export async function openWorker(options: OpenWorkerOptions): Promise<OpenWorker> {
  const { pipeline, queue, databaseUrl, name = `${hostname()}:${process.pid}`, warn, ...pull } = options;
  const { visibilityTimeout, maxMessages, maxBytes, waitSeconds } = pull;
  await rehearse(pipeline);
  const source = await sqsSource({
    ...queue,
    visibilityTimeout,
    maxMessages,
    maxBytes,
    waitSeconds,
    onWarning: (kind, detail) => warn(`${kind}: ${detail}`),
    onLost: (lost) =>
      warn(
        `pipeline '${pipeline.name}' lost message ${lost.id} after stage '${lost.stage}': it comes back. Fix: keep batches whole between operators`,
      ),
  }).catch((error: unknown) => {
    throw queueAtStart(error, queue);
  });
  const statementMs = statementWithin(milliseconds(visibilityTimeout ?? DEFAULT_VISIBILITY));
  const database = postgresDatabase({ url: databaseUrl, statementMs });
  try {
    if (options.migrate) await database.migrate(pipeline);
    const store = await database.open(pipeline, { worker: name, oldestHeld: () => source.oldestHeld() });
    const worker = startWorker(pipeline, {
      source,
      store,
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
