import type { LocalServers } from '../local/local-servers.ts';
import storefront from '../pipelines/storefront.ts';
import { produce } from '../producer/produce.ts';
import { openQueue } from '../producer/queue.ts';
import { simulate } from '../producer/simulate.ts';
import { toSqs } from '../producer/to-sqs.ts';
import { untilDrained } from '../runtime/until-drained.ts';
import { verify } from '../runtime/verify.ts';
import { snapshot } from '../sinks/postgres/snapshot.ts';
import type { IngestQueues } from './ingest-queues.ts';
import { liveLine } from './live-line.ts';
import { type OpenServer, openServer } from './open-server.ts';
import { observeWorker, type OpenTelemetry } from './open-telemetry.ts';
import { type OpenWorker, openWorker } from './open-worker.ts';
import type { ServerSettings } from './server-settings.ts';
import { arrivedOf, grouped, workerProgress } from './worker-progress.ts';

const QUEUE = 'shop-events';
const PORT = 8080;
const GRACE_MS = 1_000;

/** What is traded. */
export interface TradeSettings {
  readonly events: number | undefined;
  readonly rate: number;
  readonly pack: number | undefined;
  readonly seed: number;
  readonly duplicates: number;
  readonly bad: number;
}

interface Trading {
  readonly settings: TradeSettings;
  readonly api: ServerSettings;
  readonly telemetry: OpenTelemetry | undefined;
}

/** Produces, drains, verifies. */
export async function trade(
  servers: LocalServers,
  { settings, api, telemetry }: Trading,
  stopped: AbortSignal,
  err: (line: string) => void,
) {
  const { sqsEndpoint: endpoint, region, accessKeyId, secretAccessKey, databaseUrl } = servers;
  const credentials = { accessKeyId, secretAccessKey };
  const at = { queue: QUEUE, endpoint, region, credentials };
  const queue = await openQueue(QUEUE, at);
  const sender = toSqs({ queue, ...(settings.pack ? { pack: settings.pack } : {}) });
  const open = await openWorker({
    pipeline: storefront,
    queues: [at],
    databaseUrl,
    migrate: true,
    warn: (line) => line.startsWith('no-dead-letter-queue') || err(line),
  });
  if (telemetry) await observeWorker(telemetry, storefront, open);
  const before = await snapshot(databaseUrl, storefront, (view) => verify(storefront, view)); // with --keep, what earlier runs left
  const { events, ...simulation } = settings;
  const traffic = simulate({ ...simulation, now: Date.now, ...(events ? { events } : {}) });
  const line = liveLine(
    workerProgress(open.worker.stats, () => open.source.oldestHeld()),
    err,
  );
  const started = performance.now();
  let seconds = 0;
  let server: OpenServer | undefined;
  let ingested = 0;
  try {
    server = await served(databaseUrl, { settings: api, ingest: new Map([[storefront.name, at]]), telemetry }, err);
    await Promise.race([
      produce({
        events: traffic.texts(),
        sender,
        rate: settings.rate,
        signal: stopped,
        ...(events ? { limit: events } : {}),
      }),
      open.worker.done,
    ]);
    if (stopped.aborted) err('stopping: what is in the queue is still committed');
    for (const ingest of server.ingests.values()) {
      await ingest.close(GRACE_MS);
      ingested += ingest.accepted();
    }
    await Promise.race([settled(open, () => traffic.counts.produced + ingested), open.worker.done]);
    seconds = (performance.now() - started) / 1_000;
  } finally {
    line.end();
    await server?.close(GRACE_MS);
    await sender.close();
    queue.client.destroy();
    await close(open);
  }
  err(`verifying ${grouped(traffic.counts.produced)} events`);
  const result = await snapshot(databaseUrl, storefront, (view) => verify(storefront, view));
  const { produced, good, bad } = traffic.counts;
  // What the database says, not what the worker thinks: a commit whose answer was lost looks like a duplicate to it.
  const committed = result.events - before.events;
  const rejected = result.rejects - before.rejects;
  return {
    produced,
    committed,
    /** Events that came in by HTTP. */
    ingested,
    duplicates: produced + ingested - committed - rejected,
    rejected,
    windows: result.windows,
    verified: result.equal,
    /** Each produced event is in the database once: counted, or kept as a reject. What becomes of those that came in, who sent them decides. */
    exact:
      arrivedOf(open.worker.stats()) === produced + ingested &&
      committed >= good &&
      rejected >= bad &&
      committed + rejected <= good + bad + ingested,
    seconds: Number(seconds.toFixed(3)),
    eventsPerSecond: Math.round(produced / seconds),
  };
}

/** Serves the windows, at a port that is free unless one was asked for. */
async function served(
  databaseUrl: string,
  {
    settings,
    ingest,
    telemetry,
  }: { readonly settings: ServerSettings; readonly ingest: IngestQueues } & Pick<Trading, 'telemetry'>,
  err: (line: string) => void,
): Promise<OpenServer> {
  const { port = PORT } = settings;
  const orAny = settings.port === undefined;
  const server = await openServer({
    pipelines: [storefront],
    databaseUrl,
    settings,
    ingest,
    telemetry,
    port,
    orAny,
    warn: err,
  });
  err(
    `page:    open ${server.url}\nwindows: curl '${server.url}/v1/pipelines/storefront/windows/product_trade?limit=5'; metrics: ${server.url}/metrics`,
  );
  return server;
}

/** Resolves when all that was produced is settled; when the queue is empty all the same, something is missing and the result will say so. */
async function settled({ worker, source }: OpenWorker, produced: () => number): Promise<void> {
  const arrived = new AbortController();
  const look = setInterval(() => {
    if (arrivedOf(worker.stats()) >= produced() && source.stats().held === 0) arrived.abort();
  }, 20);
  await untilDrained(source, arrived.signal).finally(() => clearInterval(look));
}

async function close({ worker, database }: OpenWorker): Promise<void> {
  await worker.stop(25_000);
  await database.close();
}
