import { type LocalDatabase, type LocalDatabaseOptions, startLocalDatabase } from './database.ts';
import { type LocalQueue, startLocalQueue } from './queue.ts';

/** The embedded queue and database of one run. */
export interface LocalServers {
  readonly databaseUrl: string;
  readonly sqsEndpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Resolves with a sentence when one of the servers ends, asked for or not. */
  readonly ended: Promise<string>;
  /** Ends both and removes the data, unless they are kept. May be called again. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts an SQS server and a Postgres server on free ports of 127.0.0.1, both at once, in about two seconds. They end with `stop()` or with this
 * process, however it ends, and not at a Ctrl-C before it: it can drain first.
 *
 * The queue's messages are in memory and never outlive it; `keep` keeps the database.
 *
 * @throws ConfigError as {@link startLocalDatabase} and {@link startLocalQueue} do; then nothing is left running.
 * @example
 * const servers = await startLocal({ keep: true });
 * console.log(servers.databaseUrl, servers.sqsEndpoint);
 * await servers.stop();
 */
export async function startLocal(options: LocalDatabaseOptions = {}): Promise<LocalServers> {
  const started = await Promise.allSettled([startLocalQueue(), startLocalDatabase(options)]);
  const [queue, database] = started;
  if (queue.status === 'fulfilled' && database.status === 'fulfilled') return both(queue.value, database.value);
  await Promise.all(started.map(async (one) => (one.status === 'fulfilled' ? one.value.stop() : undefined)));
  throw started.find((one) => one.status === 'rejected')?.reason;
}

function both(queue: LocalQueue, database: LocalDatabase): LocalServers {
  return {
    databaseUrl: database.url,
    sqsEndpoint: queue.endpoint,
    region: queue.region,
    accessKeyId: queue.accessKeyId,
    secretAccessKey: queue.secretAccessKey,
    ended: Promise.race([
      queue.ended.then((last) => `The local queue ended. ${last}`.trim()),
      database.ended.then((last) => `The local database ended. ${last}`.trim()),
    ]),
    stop: async () => {
      await Promise.all([queue.stop(), database.stop()]);
    },
  };
}
