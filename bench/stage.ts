import { CreateQueueCommand, DeleteQueueCommand } from '@aws-sdk/client-sqs';
import { type LocalDatabase, startLocalDatabase } from '../src/local/database.ts';
import { type LocalQueue, startLocalQueue } from '../src/local/queue.ts';
import { sqsClient } from '../src/producer/sqs-client.ts';
import { toSqs } from '../src/producer/to-sqs.ts';
import { type Connection, connect } from '../src/sinks/postgres/connect.ts';
import { targetOf } from '../src/sinks/postgres/target.ts';

/** Where one run of one contender takes place: a database and a queue of its own. */
export interface Scene {
  readonly databaseUrl: string;
  readonly endpoint: string;
  readonly region: string;
  readonly queue: string;
  readonly queueUrl: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Fills the queue, `pack` events to a message; resolves to how many messages that made. */
  fill(events: Iterable<string>, pack: number): Promise<number>;
  /** Drops the database and the queue. */
  clear(): Promise<void>;
}

/** The servers of a bench. */
export interface Stage {
  readonly queue: LocalQueue;
  readonly database: LocalDatabase;
  scene(): Promise<Scene>;
  stop(): Promise<void>;
}

/** Starts the embedded queue and database: those of `npm start`, with the same settings (fsync on). */
export async function openStage(): Promise<Stage> {
  const [queue, database] = await Promise.all([startLocalQueue(), startLocalDatabase()]);
  const admin = connect(targetOf(database.url), { max: 1, statementMs: 60_000 });
  const client = sqsClient(
    { endpoint: queue.endpoint, region: queue.region, credentials: queue },
    { sockets: 8, attempts: 3 },
  );
  let scenes = 0;
  return {
    queue,
    database,
    async scene() {
      const name = `bench_${++scenes}`;
      await createDatabase(admin, name);
      const { QueueUrl: queueUrl = '' } = await client.send(
        new CreateQueueCommand({ QueueName: name, Attributes: { VisibilityTimeout: '120' } }),
      );
      return {
        databaseUrl: database.url.replace(/\/postgres$/, `/${name}`),
        endpoint: queue.endpoint,
        region: queue.region,
        accessKeyId: queue.accessKeyId,
        secretAccessKey: queue.secretAccessKey,
        queue: name,
        queueUrl,
        async fill(events, pack) {
          const sender = toSqs({ queue: { client, queueUrl }, pack, concurrency: 8 });
          for (const event of events) {
            const room = sender.send(event);
            if (room) await room;
          }
          return (await sender.close()).messages;
        },
        async clear() {
          await admin.script(`drop database ${name} with (force)`);
          await client.send(new DeleteQueueCommand({ QueueUrl: queueUrl }));
        },
      };
    },
    async stop() {
      client.destroy();
      await admin.end();
      await Promise.all([queue.stop(), database.stop()]);
    },
  };
}

/** Begins each run after a checkpoint, so that no run pays for the one before. */
async function createDatabase(admin: Connection, name: string): Promise<void> {
  await admin.script(`create database ${name}`);
  await admin.script('checkpoint');
}
