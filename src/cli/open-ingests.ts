import { type Ingest, openIngest } from '../server/ingest/ingest.ts';
import { queueAtStart } from './at-start.ts';
import type { IngestQueues } from './ingest-queues.ts';

/**
 * Opens the ways into the queues of pipelines.
 *
 * @throws ConfigError for the first queue that cannot be used; then none is open.
 */
export async function openIngests(
  queues: IngestQueues,
  warn: (line: string) => void,
): Promise<ReadonlyMap<string, Ingest>> {
  const opened = new Map<string, Ingest>();
  try {
    for (const [pipeline, settings] of queues) {
      const { queue, endpoint, region, credentials } = settings;
      const at = {
        ...(endpoint === undefined ? {} : { endpoint }),
        ...(region === undefined ? {} : { region }),
        ...(credentials === undefined ? {} : { credentials }),
      };
      const ingest = await openIngest({ queue, ...at, onWarning: warn }).catch((error: unknown) => {
        throw queueAtStart(error, settings);
      });
      opened.set(pipeline, ingest);
    }
    return opened;
  } catch (error) {
    for (const ingest of opened.values()) await ingest.close(0);
    throw error;
  }
}
