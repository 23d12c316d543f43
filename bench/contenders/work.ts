import { type OpenWorker, openWorker } from '../../src/cli/open-worker.ts';
import { arrivedOf } from '../../src/cli/worker-progress.ts';
import type { Pipeline } from '../../src/index.ts';
import { postgresDatabase } from '../../src/sinks/postgres/postgres.ts';
import { contend } from './contend.ts';

/** Who looks at a worker. */
export interface Watcher {
  watch(open: OpenWorker): Promise<void>;
  close(): Promise<void>;
}

/** How often it looks whether all is settled. */
const LOOK_MS = 5;

/**
 * A contender that runs a pipeline with its own settings, as `scalestream run` starts it.
 *
 * @param watched what looks at it meanwhile, once it is there; nobody by default. It begins before anything is measured.
 */
export const work = (
  pipeline: Pipeline,
  watched: () => Promise<Watcher> = async () => ({ watch: async () => undefined, close: async () => undefined }),
): Promise<void> =>
  contend(async ({ databaseUrl, endpoint, region, queue, accessKeyId, secretAccessKey, events, messages }) => {
    const database = postgresDatabase({ url: databaseUrl });
    await database.migrate(pipeline);
    await database.close();
    const { watch, close } = await watched();
    let stop = async (): Promise<void> => undefined;
    return {
      async run() {
        const open = await openWorker({
          pipeline,
          queues: [{ queue, endpoint, region, credentials: { accessKeyId, secretAccessKey } }],
          databaseUrl,
          migrate: false,
          waitSeconds: 1,
          warn: (line) => line.startsWith('no-dead-letter-queue') || console.error(line),
        });
        const { worker, source, database } = open;
        await watch(open);
        stop = async () => {
          await close();
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
