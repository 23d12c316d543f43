import { hostname } from 'node:os';
import { ConfigError, messageOf, StoreError } from '../errors.ts';
import type { Pipeline } from '../pipeline.ts';
import { startWorker, type Worker } from '../runtime/worker.ts';
import { type Database, postgresDatabase } from '../sinks/postgres/postgres.ts';
import { targetOf } from '../sinks/postgres/target.ts';
import type { Source } from '../source.ts';
import type { PullOptions } from '../sources/pull-options.ts';
import { sqsSource } from '../sources/sqs/sqs.ts';
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
 * @throws ConfigError when one of them does not exist, refuses or cannot be reached: then nothing was received.
 */
export async function openWorker(options: OpenWorkerOptions): Promise<OpenWorker> {
  const { pipeline, queue, databaseUrl, name = `${hostname()}:${process.pid}`, warn, ...pull } = options;
  const { visibilityTimeout, maxMessages, maxBytes, waitSeconds } = pull;
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
  });
  const database = postgresDatabase({ url: databaseUrl });
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
    throw atStart(error, databaseUrl);
  }
}

/** At the start a database that cannot be used is a setting that cannot work. */
export function atStart(error: unknown, url: string): unknown {
  if (!(error instanceof StoreError)) return error;
  const { host, port, database } = targetOf(url);
  const where = `database '${database}' at ${host}:${port}`;
  if (error.failure === 'retry') {
    return new ConfigError(
      { where, expected: 'an answer', got: error.message, fix: 'is it running, and is the URL right?' },
      { cause: error },
    );
  }
  const asked = error.reason === 'migrate' || error.failure === 'fenced' || error.reason === 'undeclared';
  if (asked)
    return new ConfigError(
      { where, expected: 'tables that fit the pipeline', got: error.message, fix: 'as it says' },
      { cause: error },
    );
  return new ConfigError(
    {
      where,
      expected: 'to be let in and to create tables',
      got: error.message,
      fix: 'check user, password, database and privileges',
    },
    { cause: error },
  );
}
