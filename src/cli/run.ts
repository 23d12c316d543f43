import { milliseconds } from '../duration.ts';
import { ConfigError, messageOf } from '../errors.ts';
import { type BranchStatus, readStatus } from '../sinks/postgres/status.ts';
import type { Command } from './command.ts';
import { countFlag, durationFlag, parseFlags } from './flags.ts';
import { ownIngestQueue } from './ingest-queues.ts';
import { liveLine } from './live-line.ts';
import { loadPipeline } from './load-pipeline.ts';
import { onStop } from './on-stop.ts';
import { type OpenServer, openServer } from './open-server.ts';
import { observeWorker, openTelemetry, TELEMETRY_FLAGS, TELEMETRY_HELP, telemetrySettings } from './open-telemetry.ts';
import { openWorker } from './open-worker.ts';
import { SERVER_FLAGS, SERVER_HELP, serverSettings } from './server-settings.ts';
import { DATABASE_FLAGS, databaseUrl, QUEUES_FLAGS, queuesSettings } from './settings.ts';
import { untilDrained } from '../runtime/until-drained.ts';
import { waitingDeliveries } from './waiting-deliveries.ts';
import { workerProgress } from './worker-progress.ts';

const FLAGS = {
  ...QUEUES_FLAGS,
  ...DATABASE_FLAGS,
  ...SERVER_FLAGS,
  ...TELEMETRY_FLAGS,
  'until-drained': { type: 'boolean' },
  'no-migrate': { type: 'boolean' },
  visibility: { type: 'string' },
  wait: { type: 'string' },
  grace: { type: 'string' },
  'max-messages': { type: 'string' },
  'max-bytes': { type: 'string' },
  worker: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

const help = `Usage: scalestream run PIPELINE.ts --queue NAME_OR_URL --database URL [flags]

Runs a worker of a pipeline. Any number may share a queue; one may be stopped or killed at any time.

  --queue NAME_OR_URL   or SCALESTREAM_QUEUE; several times or with commas for several queues, NAME=QUEUE names one
  --database URL        or DATABASE_URL: postgres://user:password@host:port/database
  --endpoint URL        or AWS_ENDPOINT_URL_SQS, AWS_ENDPOINT_URL; default: AWS itself
  --region NAME         or AWS_REGION, AWS_DEFAULT_REGION
  --until-drained       exit 0 once the queue is empty and everything is settled; what whenFinal has still to deliver is told
  --no-migrate          do not create or update the tables
  --visibility TIME     how long a received message stays ours before it is renewed; default 60s
  --wait SECONDS        how long a poll of an idle queue waits, 1 to 20; default 1. More asks SQS less often: an idle worker makes 10.4 million
                        requests a month with 1, 0.26 million with 20; and a quiet stream is final so much later
  --grace TIME          how long a stop may take; default 25s
  --max-messages N      most messages in custody; default 5000
  --max-bytes N         most decoded bytes in custody; default 6291456
  --worker NAME         name of its progress row; default: host and process id
  --port N              serve the windows over HTTP too, as scalestream serve does, and take events in; default: not
${SERVER_HELP}
  --ingest-queue NAME   which of several queues events go to that come in by HTTP
${TELEMETRY_HELP}
  --json                one JSON object as the last line of the output

Examples:
  scalestream run src/pipelines/storefront.ts --queue shop-events --database postgres://localhost/shop
  scalestream run src/pipelines/ga4.ts --queue ga4 --until-drained --json
`;

/** `scalestream run`: a worker. Exit code 0 after a stop or when drained, 1 when something ended it, 78 for settings that cannot work. */
export const runCommand: Command = {
  name: 'run',
  summary: 'run a worker of a pipeline',
  help,
  async run(args, env, io) {
    const { values: flags, positionals } = parseFlags('run', args, FLAGS, { most: 1, what: 'one pipeline file' });
    if (flags.help) {
      io.out(help);
      return 0;
    }
    const queues = queuesSettings(flags, env);
    const url = databaseUrl(flags.database, env);
    const settings = serverSettings(flags);
    noPort(flags);
    const seen = telemetrySettings(flags, env);
    const graceMs = milliseconds(durationFlag('--grace', flags.grace) ?? '25s');
    const visibilityTimeout = durationFlag('--visibility', flags.visibility);
    const maxMessages = countFlag('--max-messages', flags['max-messages']);
    const maxBytes = countFlag('--max-bytes', flags['max-bytes']);
    if (flags.worker === '') {
      const fix = 'leave it out, for host and process id';
      throw new ConfigError({ where: '--worker', expected: 'a name', got: "''", fix });
    }
    const pipeline = await loadPipeline(positionals[0]);
    const ingest = ownIngestQueue(flags['ingest-queue'], pipeline.name, queues);
    const telemetry = await openTelemetry(seen, settings.port !== undefined, io.err);
    const stop = onStop();
    const started = performance.now();
    const opened = await openWorker({
      pipeline,
      queues,
      databaseUrl: url,
      migrate: !flags['no-migrate'],
      name: flags.worker,
      visibilityTimeout,
      maxMessages,
      maxBytes,
      waitSeconds: countFlag('--wait', flags.wait),
      warn: io.err,
    }).catch(async (error: unknown) => {
      await telemetry?.stop();
      throw error;
    });
    const { worker, source, database } = opened;
    if (telemetry) await observeWorker(telemetry, pipeline, opened);
    if (telemetry?.url) io.err(`metrics at ${telemetry.url}`);
    io.err(
      `worker of '${pipeline.name}' version ${pipeline.version} on ${queues.map(({ queue }) => `queue '${queue}'`).join(', ')}; Ctrl-C stops it`,
    );
    const line = liveLine(
      workerProgress(worker.stats, () => source.oldestHeld()),
      io.err,
    );
    let outbox: readonly BranchStatus[] | undefined;
    let server: OpenServer | undefined;
    try {
      if (settings.port !== undefined) {
        server = await openServer({
          pipelines: [pipeline],
          databaseUrl: url,
          settings,
          ingest,
          port: settings.port,
          telemetry,
          warn: io.err,
        });
        io.err(`serving '${pipeline.name}' at ${server.url}/v1/pipelines`);
      }
      await Promise.race([worker.done, flags['until-drained'] ? untilDrained(source, stop.signal) : stop.asked()]);
    } finally {
      line.end();
      await Promise.all([server?.close(graceMs), worker.stop(graceMs)]);
      if (flags['until-drained'] && !stop.signal.aborted) {
        const status = await readStatus(database.connection, pipeline).catch((error: unknown) =>
          io.err(`scalestream.outbox could not be looked at: ${messageOf(error)}`),
        );
        outbox = status?.outbox;
      }
      await database.close();
      await telemetry?.stop();
      stop.dispose();
    }
    const { source: custody, store, time: _time, ...counts } = worker.stats();
    const { flushes, retries, busyMs } = store;
    const seconds = (performance.now() - started) / 1_000;
    io.err(workerProgress(worker.stats, () => undefined, started)());
    for (const waiting of waitingDeliveries(outbox ?? [])) io.err(waiting);
    if (flags.json)
      io.out(
        JSON.stringify({
          pipeline: pipeline.name,
          ...counts,
          store: { flushes, retries, busyMs },
          messages: custody.acknowledged,
          redelivered: custody.redelivered,
          released: custody.released,
          lost: custody.lost,
          outbox,
          seconds,
        }),
      );
    return 0;
  },
};

/** Flags of the API without the one that turns it on would be as good as not given. */
function noPort(flags: Readonly<Record<string, unknown>>): void {
  const given = Object.keys(SERVER_FLAGS).find((name) => flags[name] !== undefined);
  if (given === undefined || flags['port'] !== undefined) return;
  throw new ConfigError({ where: `--${given}`, expected: '--port with it', got: 'none', fix: 'add --port 8080' });
}
