import { milliseconds } from '../duration.ts';
import type { Pipeline } from '../pipeline.ts';
import type { Command } from './command.ts';
import { durationFlag, parseFlags } from './flags.ts';
import { loadPipeline } from './load-pipeline.ts';
import { onStop } from './on-stop.ts';
import { ingestQueues } from './ingest-queues.ts';
import { openServer } from './open-server.ts';
import {
  observePipelines,
  openTelemetry,
  TELEMETRY_FLAGS,
  TELEMETRY_HELP,
  telemetrySettings,
} from './open-telemetry.ts';
import { SERVER_FLAGS, SERVER_HELP, serverSettings } from './server-settings.ts';
import { accessOf, DATABASE_FLAGS, databaseUrl, QUEUE_FLAGS } from './settings.ts';

const help = `Usage: scalestream serve PIPELINE.ts… --database URL [flags]

Serves the windows of pipelines over HTTP: JSON, CSV, JSON lines; /openapi.json tells all routes. Any number may serve the same database, and give
the same answers. Events come in by POST /v1/events/PIPELINE where --ingest-queue says where they go.

  --database URL        or DATABASE_URL: postgres://user:password@host:port/database
  --port N              default 8080; 0 is any that is free
${SERVER_HELP}
  --ingest-queue QUEUE  name or URL of the queue that events go to which come in; with several pipelines PIPELINE=QUEUE, several times
  --endpoint URL        of that queue, or AWS_ENDPOINT_URL_SQS, AWS_ENDPOINT_URL; default: AWS itself
  --region NAME         or AWS_REGION, AWS_DEFAULT_REGION
${TELEMETRY_HELP}
  --grace TIME          how long a stop may take; default 10s
  --json                one line once it listens: {url}

Examples:
  scalestream serve src/pipelines/storefront.ts --database postgres://localhost/shop
  curl 'http://localhost:8080/v1/pipelines/storefront/windows/product_trade?limit=10'
`;

const MOST_PIPELINES = 100;

/** `scalestream serve`: the API alone. Exit code 0 after a stop, 78 for settings that cannot work. */
export const serveCommand: Command = {
  name: 'serve',
  summary: 'serve the windows of pipelines over HTTP',
  help,
  async run(args, env, io) {
    const { values: flags, positionals } = parseFlags(
      'serve',
      args,
      {
        ...SERVER_FLAGS,
        ...TELEMETRY_FLAGS,
        ...DATABASE_FLAGS,
        endpoint: QUEUE_FLAGS.endpoint,
        region: QUEUE_FLAGS.region,
        grace: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
      { most: MOST_PIPELINES, what: `at most ${MOST_PIPELINES} pipeline files` },
    );
    if (flags.help) {
      io.out(help);
      return 0;
    }
    const settings = serverSettings(flags);
    const seen = telemetrySettings(flags, env);
    const url = settings.replica ?? databaseUrl(flags.database, env);
    const graceMs = milliseconds(durationFlag('--grace', flags.grace) ?? '10s');
    const pipelines: Pipeline[] = [await loadPipeline(positionals[0])];
    for (const file of positionals.slice(1)) pipelines.push(await loadPipeline(file));
    const names = pipelines.map(({ name }) => name);
    const ingest = ingestQueues(flags['ingest-queue'], names, accessOf(flags, env));
    const telemetry = await openTelemetry(seen, true, io.err);
    const stop = onStop();
    try {
      const server = await openServer({
        pipelines,
        databaseUrl: url,
        settings,
        ingest,
        port: settings.port ?? 8080,
        telemetry,
        warn: io.err,
      });
      if (telemetry) await observePipelines(telemetry, pipelines, server.database);
      io.err(`serving ${names.map((name) => `'${name}'`).join(', ')} at ${server.url}/v1/pipelines; Ctrl-C stops it`);
      if (flags.json) io.out(JSON.stringify({ url: server.url }));
      await stop.asked();
      await server.close(graceMs);
    } finally {
      await telemetry?.stop();
      stop.dispose();
    }
    return 0;
  },
};
