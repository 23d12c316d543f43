import { ConfigError } from '../errors.ts';
import type { Pipeline } from '../pipeline.ts';
import { metricsApi } from '../server/app.ts';
import type { Ingest } from '../server/ingest/ingest.ts';
import { listen } from '../server/listen.ts';
import { Problem } from '../server/problem.ts';
import { serverCounts } from '../server/server-counts.ts';
import { type ReadDatabase, readDatabase } from '../server/read-database.ts';
import { classify } from '../sinks/postgres/classify.ts';
import { textArray } from '../sinks/postgres/quote.ts';
import { databaseAtStart } from './at-start.ts';
import type { IngestQueues } from './ingest-queues.ts';
import { openIngests } from './open-ingests.ts';
import { observeServer } from './open-telemetry.ts';
import type { ServerSettings } from './server-settings.ts';
import type { Telemetry } from '../telemetry/start-telemetry.ts';
import { version } from './version.ts';

export interface OpenServerOptions {
  readonly pipelines: readonly Pipeline[];
  /** Of the primary; a replica is asked in its place where there is one. */
  readonly databaseUrl: string;
  readonly settings: ServerSettings;
  /** Where events go that come in, by the pipeline's name. */
  readonly ingest: IngestQueues;
  readonly port: number;
  /** Of this process: served at `/metrics`, and told of the server. Default: none. */
  readonly telemetry?: Telemetry | undefined;
  /** Take any free port where this one is taken. */
  readonly orAny?: boolean;
  readonly warn: (line: string) => void;
}

/** The API at work. */
export interface OpenServer {
  readonly url: string;
  /** The ways in for events. */
  readonly ingests: ReadonlyMap<string, Ingest>;
  /** What it reads from. */
  readonly database: ReadDatabase;
  /** Takes no new requests, is no longer ready, lets answers under way end within the grace. */
  close(graceMs: number): Promise<void>;
}

/**
 * Connects and listens.
 *
 * @throws ConfigError where the database cannot be asked or does not know a pipeline, a queue for events is not there, or nobody can listen there.
 */
export async function openServer({
  pipelines,
  databaseUrl,
  settings,
  ingest,
  telemetry,
  warn,
  ...at
}: OpenServerOptions): Promise<OpenServer> {
  const { host, replica, tokens, hosts } = settings;
  const url = replica ?? databaseUrl;
  const ingests = await openIngests(ingest, warn);
  const database = readDatabase({ url });
  const closeIngests = (graceMs: number) => Promise.all([...ingests.values()].map((each) => each.close(graceMs)));
  const counts = serverCounts();
  let stopping = false;
  try {
    const app = metricsApi({
      pipelines,
      database,
      tokens,
      hosts,
      ingest: ingests,
      counts,
      metrics: telemetry?.metrics,
      version: version(),
      onError: warn,
      isStopping: () => stopping,
    });
    await areKnown(database, pipelines, url, warn);
    if (telemetry) await observeServer(telemetry, counts, ingests);
    const listening = await listen(app, { ...at, host });
    return {
      url: listening.url,
      ingests,
      database,
      async close(graceMs) {
        stopping = true;
        await Promise.all([listening.close(graceMs), closeIngests(graceMs)]);
        await database.close();
      },
    };
  } catch (error) {
    await Promise.all([database.close(), closeIngests(0)]);
    throw error;
  }
}

async function areKnown(
  database: ReadDatabase,
  pipelines: readonly Pipeline[],
  url: string,
  warn: (line: string) => void,
): Promise<void> {
  const names = pipelines.map(({ name }) => name);
  const rows = await database
    .read<{ name: string; version: string }>(
      'select name, version from scalestream.pipelines where name = any ($1::text::text[])',
      [textArray(names)],
    )
    .catch((error: unknown) => {
      throw databaseAtStart(error instanceof Problem ? classify(error.cause, '') : classify(error, ''), url);
    });
  for (const { name, version } of pipelines) {
    const known = rows.find((row) => row.name === name);
    if (!known) {
      const fix = 'run scalestream migrate first';
      throw new ConfigError({
        where: `pipeline '${name}'`,
        expected: 'it in the database',
        got: 'no such pipeline',
        fix,
      });
    }
    if (known.version !== version)
      warn(
        `pipeline '${name}': the database has version ${known.version}, this file is version ${version}; what both have is served`,
      );
  }
}
