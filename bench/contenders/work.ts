import { openWorker } from '../../src/cli/open-worker.ts';
import { arrivedOf } from '../../src/cli/worker-progress.ts';
import type { Pipeline } from '../../src/index.ts';
import { postgresDatabase } from '../../src/sinks/postgres/postgres.ts';
import { contend } from './contend.ts';

/** How often it looks whether all is settled. */
const LOOK_MS = 5;

/** A contender that runs a pipeline with its own settings, as `scalestream run` starts it. */
export const work = (pipeline: Pipeline): Promise<void> =>
  contend(async ({ databaseUrl, endpoint, region, queue, accessKeyId, secretAccessKey, events, messages }) => {
    const database = postgresDatabase({ url: databaseUrl });
    await database.migrate(pipeline);
    await database.close();
    let stop = async (): Promise<void> => undefined;
    return {
      async run() {
        const { worker, source, database } = await openWorker({
          pipeline,
          queues: [{ queue, endpoint, region, credentials: { accessKeyId, secretAccessKey } }],
          databaseUrl,
          migrate: false,
          waitSeconds: 1,
          warn: (line) => line.startsWith('no-dead-letter-queue') || console.error(line),
        });
        stop = async () => {
          await worker.stop(5_000);
          await database.close();
        };
        const { promise: settled, resolve } = Promise.withResolvers<void>();
        const look = setInterval(() => {
          const stats = worker.stats();
          if (arrivedOf(stats) >= events && stats.source.acknowledged >= messages && source.stats().held === 0)
            resolve();
        }, LOOK_MS);
        await Promise.race([settled, worker.done]).finally(() => clearInterval(look));
      },
      close: () => stop(),
    };
  });
