import { startLocalDatabase } from '../../src/local/database.ts';
import { startLocalQueue } from '../../src/local/queue.ts';
import storefront from '../../src/pipelines/storefront.ts';
import { openQueue } from '../../src/producer/queue.ts';
import { postgresDatabase } from '../../src/sinks/postgres/postgres.ts';

const QUEUE = 'soak';

/** Queue and database of one life. */
export interface SoakServers {
  readonly queue: string;
  readonly databaseUrl: string;
  readonly access: {
    readonly endpoint: string;
    readonly region: string;
    readonly queueUrl: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  /** What a worker is told, as environment variables. */
  readonly settings: Readonly<Record<string, string>>;
  /** Ends both; the database keeps its data. */
  stop(): Promise<void>;
}

/** Starts both, with the storefront's tables; a database that was there goes on. */
export async function startSoakServers(directory: string): Promise<SoakServers> {
  const queue = await startLocalQueue();
  const database = await startLocalDatabase({ directory, keep: true });
  const { endpoint, region, accessKeyId, secretAccessKey } = queue;
  const credentials = { accessKeyId, secretAccessKey };
  const { client, queueUrl } = await openQueue(QUEUE, { endpoint, region, credentials });
  client.destroy();
  const migration = postgresDatabase({ url: database.url, connections: 1 });
  await migration.migrate(storefront);
  await migration.close();
  return {
    queue: QUEUE,
    databaseUrl: database.url,
    access: { endpoint, region, queueUrl, credentials },
    settings: {
      SCALESTREAM_QUEUE: QUEUE,
      DATABASE_URL: database.url,
      AWS_ENDPOINT_URL_SQS: endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    },
    async stop() {
      await Promise.all([queue.stop(), database.stop()]);
    },
  };
}
