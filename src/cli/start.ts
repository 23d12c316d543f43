import { randomInt } from 'node:crypto';
import { ConfigError } from '../errors.ts';
import { type LocalServers, startLocal } from '../local/local-servers.ts';
import storefront from '../pipelines/storefront.ts';
import { produce } from '../producer/produce.ts';
import { openQueue } from '../producer/queue.ts';
import { simulate } from '../producer/simulate.ts';
import { toSqs } from '../producer/to-sqs.ts';
import { verify } from '../runtime/verify.ts';
import { snapshot } from '../sinks/postgres/snapshot.ts';
import type { Command } from './command.ts';
import { countFlag, parseFlags, shareFlag } from './flags.ts';
import type { IngestQueues } from './ingest-queues.ts';
import { liveLine } from './live-line.ts';
import { connectionLines } from './local.ts';
import { onStop } from './on-stop.ts';
import { type OpenServer, openServer } from './open-server.ts';
import { observeWorker, openTelemetry, type OpenTelemetry, telemetrySettings } from './open-telemetry.ts';
import { type OpenWorker, openWorker } from './open-worker.ts';
import { SERVER_FLAGS, type ServerSettings, serverSettings } from './server-settings.ts';
import { untilDrained } from '../runtime/until-drained.ts';
import { arrivedOf, grouped, workerProgress } from './worker-progress.ts';

const QUEUE = 'shop-events';
const RATE = 1_000;
const PORT = 8080;
const GRACE_MS = 1_000;

const FLAGS = {
  events: { type: 'string' },
  rate: { type: 'string' },
  pack: { type: 'string' },
  seed: { type: 'string' },
  duplicates: { type: 'string' },
  bad: { type: 'string' },
  port: SERVER_FLAGS.port,
  keep: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

const help = `Usage: npm start -- [flags]      (or: scalestream start [flags])

Everything on this machine: an embedded queue and database, simulated shop traffic, and the storefront pipeline, until Ctrl-C.
At the end it drains the queue and checks that windows = fold(raw).

  --events N            stop after N events; default: until Ctrl-C
  --rate N              events a second; default 1000
  --pack N              events in a message; default: as many as fit 64 KB
  --seed N              seed of the simulation; default: another each time
  --duplicates SHARE    part of the events that is sent twice, 0 to 1; default 0
  --bad SHARE           part of the events that breaks the schema, 0 to 1; default 0
  --port N              serve the windows over HTTP there; default 8080, or any that is free where that is taken
  --keep                keep the database for the next start with --keep
  --json                one JSON object as the last line of the output

Examples:
  npm start
  npm start -- --events 50000 --rate 20000 --json
  npm start -- --duplicates 0.05 --bad 0.001
`;

/** `npm start`. Exit code 0 only if every produced event is accounted for and the windows are the fold of the raw events. */
export const startCommand: Command = {
  name: 'start',
  summary: 'everything on this machine: queue, database, traffic, pipeline',
  help,
  async run(args, env, io) {
    const { values: flags } = parseFlags('start', args, FLAGS);
    if (flags.help) {
      io.out(help);
      return 0;
    }
    const settings = {
      events: countFlag('--events', flags.events),
      rate: countFlag('--rate', flags.rate) ?? RATE,
      pack: countFlag('--pack', flags.pack),
      seed: countFlag('--seed', flags.seed) ?? randomInt(1, 2 ** 31),
      duplicates: shareFlag('--duplicates', flags.duplicates),
      bad: shareFlag('--bad', flags.bad),
    };
    const api = serverSettings(flags);
    const seen = telemetrySettings({}, env);
    if (settings.duplicates + settings.bad > 1) {
      throw new ConfigError({
        where: '--duplicates, --bad',
        expected: 'at most 1 together',
        got: String(settings.duplicates + settings.bad),
        fix: 'lower one',
      });
    }
    const telemetry = await openTelemetry(seen, true, io.err);
    const stop = onStop();
    const servers = await startLocal({ keep: flags.keep ?? false });
    try {
      for (const line of connectionLines(servers)) io.err(line);
      const result = await Promise.race([
        trade(servers, { settings, api, telemetry }, stop.signal, io.err),
        servers.ended,
      ]);
      if (typeof result === 'string') {
        io.err(`${result} Fix: start again; --keep keeps the database`);
        return 1;
      }
      const { produced, committed, duplicates, rejected, windows, verified, seconds, eventsPerSecond, exact } = result;
      io.err(
        `produced ${grouped(produced)} · committed ${grouped(committed)} · duplicates ${grouped(duplicates)} · rejects ${grouped(rejected)} · ` +
          `${grouped(windows)} windows ${verified ? '= fold(raw)' : 'DIFFER from fold(raw)'} · ${seconds.toFixed(1)} s · ${grouped(eventsPerSecond)} events/s`,
      );
      if (flags.json) io.out(JSON.stringify(result));
      return verified && exact ? 0 : 1;
    } finally {
      await Promise.all([servers.stop(), telemetry?.stop()]);
      stop.dispose();
    }
  },
};

interface Settings {
  readonly events: number | undefined;
  readonly rate: number;
  readonly pack: number | undefined;
  readonly seed: number;
  readonly duplicates: number;
  readonly bad: number;
}

interface Trading {
  readonly settings: Settings;
  readonly api: ServerSettings;
  readonly telemetry: OpenTelemetry | undefined;
}

/** Produces, drains, verifies. */
async function trade(
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
