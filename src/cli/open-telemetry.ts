import { isIP } from 'node:net';
import { ConfigError } from '../errors.ts';
import type { Pipeline } from '../pipeline.ts';
import type { Ingest } from '../server/ingest/ingest.ts';
import type { ReadDatabase } from '../server/read-database.ts';
import type { ServerCounts } from '../server/server-counts.ts';
import { readStanding } from '../sinks/postgres/standing.ts';
import type { MetricsServer } from '../telemetry/metrics-server.ts';
import type { Telemetry } from '../telemetry/start-telemetry.ts';
import type { OpenWorker } from './open-worker.ts';

/** Flags of telemetry. */
export const TELEMETRY_FLAGS = { 'metrics-port': { type: 'string' }, 'metrics-host': { type: 'string' } } as const;

/** What these flags mean, for people. */
export const TELEMETRY_HELP = `  --metrics-port N      serve /metrics there, for Prometheus; 0 is any that is free. The API has /metrics at its own port
  --metrics-host HOST   where to; default 127.0.0.1
                        OTEL_EXPORTER_OTLP_ENDPOINT=URL sends traces to a collector, http/protobuf; default: none are made`;

interface Given {
  readonly 'metrics-port'?: string | undefined;
  readonly 'metrics-host'?: string | undefined;
}

/** What is to be told of this process, and where. */
export interface TelemetrySettings {
  readonly port: number | undefined;
  readonly host: string;
  readonly endpoint: string | undefined;
}

/**
 * Reads the flags of telemetry.
 *
 * @throws ConfigError for the first that cannot work.
 */
export function telemetrySettings(flags: Given, env: NodeJS.ProcessEnv): TelemetrySettings {
  const { 'metrics-port': text, 'metrics-host': host = '127.0.0.1' } = flags;
  const port = text === undefined ? undefined : /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port !== undefined && !(port <= 65_535)) {
    const got = JSON.stringify(text);
    throw new ConfigError({ where: '--metrics-port', expected: '0 to 65535', got, fix: '--metrics-port 9464' });
  }
  if (host !== 'localhost' && isIP(host) === 0) {
    const fix = '--metrics-host 0.0.0.0';
    throw new ConfigError({ where: '--metrics-host', expected: 'an address', got: JSON.stringify(host), fix });
  }
  if (flags['metrics-host'] !== undefined && port === undefined) {
    const fix = 'add --metrics-port 9464';
    throw new ConfigError({ where: '--metrics-host', expected: '--metrics-port with it', got: 'none', fix });
  }
  return { port, host, endpoint: endpointOf(env['OTEL_EXPORTER_OTLP_ENDPOINT']) };
}

function endpointOf(text: string | undefined): string | undefined {
  if (!text) return undefined;
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new ConfigError({
    where: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    expected: 'an address of http or https',
    got: 'something else',
    fix: 'OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318',
  });
}

/** Telemetry of a process, and the port that it is served at. */
export interface OpenTelemetry extends Telemetry {
  readonly url: string | undefined;
}

/**
 * Starts telemetry where somebody wants it: what it takes is loaded then, some 20 MB.
 *
 * @param wanted whether somebody asks for metrics who has no port of their own, as the API does.
 * @throws ConfigError where it cannot listen.
 */
export async function openTelemetry(
  { port, host, endpoint }: TelemetrySettings,
  wanted: boolean,
  warn: (line: string) => void,
): Promise<OpenTelemetry | undefined> {
  if (port === undefined && endpoint === undefined && !wanted) return undefined;
  const { startTelemetry } = await import('../telemetry/start-telemetry.ts');
  const telemetry = startTelemetry({ endpoint, onWarning: warn });
  let server: MetricsServer | undefined;
  try {
    if (port !== undefined) {
      const { serveMetrics } = await import('../telemetry/metrics-server.ts');
      server = await serveMetrics(telemetry.metrics, { port, host });
    }
  } catch (error) {
    await telemetry.stop();
    throw error;
  }
  return {
    ...telemetry,
    url: server?.url,
    async stop() {
      await Promise.all([telemetry.stop(), server?.close()]);
    },
  };
}

/** Has a worker, and what its database knows of the pipeline, be told of until the process ends. */
export async function observeWorker(
  telemetry: Telemetry,
  pipeline: Pipeline,
  { worker, source, database }: OpenWorker,
): Promise<void> {
  const { workerReadings } = await import('../telemetry/worker-readings.ts');
  const { pipelineReadings } = await import('../telemetry/pipeline-readings.ts');
  telemetry.observe(workerReadings(pipeline, worker, source));
  telemetry.observe(pipelineReadings(pipeline, () => readStanding(database.connection, pipeline)));
}

/** Has an API be told of until the process ends. */
export async function observeServer(
  telemetry: Telemetry,
  counts: ServerCounts,
  ingests: ReadonlyMap<string, Ingest>,
): Promise<void> {
  const { serverReadings } = await import('../telemetry/server-readings.ts');
  const accepted = () => [...ingests].map(([pipeline, ingest]) => [pipeline, ingest.accepted()] as const);
  telemetry.observe(serverReadings(counts, accepted));
}

/** Has what the database knows of pipelines be told of where no worker of theirs does. */
export async function observePipelines(
  telemetry: Telemetry,
  pipelines: readonly Pipeline[],
  database: ReadDatabase,
): Promise<void> {
  const { pipelineReadings } = await import('../telemetry/pipeline-readings.ts');
  for (const pipeline of pipelines) {
    telemetry.observe(
      pipelineReadings(pipeline, () => database.ask((connection) => readStanding(connection, pipeline))),
    );
  }
}
