import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { RuntimeNodeInstrumentation } from '@opentelemetry/instrumentation-runtime-node';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace';
import { messageOf } from '../errors.ts';
import { metricProducer } from './metric-producer.ts';
import { processReadings } from './process-readings.ts';
import type { Reader } from './reading.ts';
import { steadySampler } from './sampler.ts';

export interface TelemetryOptions {
  /** As backends list it. Default `scalestream`; `OTEL_SERVICE_NAME` goes before it. */
  readonly service?: string | undefined;
  /** Where spans go, as `OTEL_EXPORTER_OTLP_ENDPOINT` has it: an OTLP collector, http/protobuf. Default: nowhere, and then none are made. */
  readonly endpoint?: string | undefined;
  /** Told when a part of the process cannot tell its metrics, once until it can again. Default: nobody is. */
  readonly onWarning?: ((detail: string) => void) | undefined;
  /** Traces a second of each kind. Default 10; 0: none but those of failures. */
  readonly tracesPerSecond?: number | undefined;
}

/** Telemetry of this process. */
export interface Telemetry {
  /** Has a part of the process tell its metrics, until the returned function is called. */
  observe(reader: Reader): () => void;
  /** All metrics, in Prometheus's text format. */
  metrics(): Promise<string>;
  /** Sends what is left to be sent, for a second and a half at most: a collector that does not answer holds up nobody's end. */
  stop(): Promise<void>;
}

const TRACES_PER_SECOND = 10;
/** Spans that wait to be sent, at most: some 2 MB. Those beyond are dropped, and counted by `otel.sdk.processor.span.*`. */
const MOST_SPANS = 2_048;
const EXPORT_MS = 1_000;
const STOP_MS = 1_500;
/** Time series of one metric; what is more is one series that says `otel_metric_overflow`. */
const MOST_SERIES = 500;

/**
 * Starts OpenTelemetry for this process. Call it once, before what is to be seen begins; the libraries it loads are some 20 MB, so it has a file of its own.
 *
 * @example
 * const telemetry = startTelemetry({ endpoint: 'http://localhost:4318' });
 * process.once('exit', () => telemetry.stop());
 */
export function startTelemetry({
  service = 'scalestream',
  endpoint,
  tracesPerSecond,
  onWarning = () => undefined,
}: TelemetryOptions): Telemetry {
  const readers = new Set<Reader>([processReadings]);
  const metricProducers = [metricProducer(readers, MOST_SERIES)];
  const exporter = new PrometheusExporter({ preventServerStart: true, metricProducers });
  const serializer = new PrometheusSerializer(undefined, false, undefined, true, true);
  const sdk = new NodeSDK({
    serviceName: process.env['OTEL_SERVICE_NAME'] ?? service,
    autoDetectResources: false,
    metricReaders: [exporter],
    views: [{ instrumentName: '*', aggregationCardinalityLimit: MOST_SERIES }],
    logRecordProcessors: [],
    instrumentations: [new RuntimeNodeInstrumentation()],
    sampler: steadySampler(tracesPerSecond ?? TRACES_PER_SECOND),
    spanProcessors: endpoint === undefined ? [] : [exporting(endpoint)],
  });
  sdk.start();
  let isWhole = true;
  return {
    observe(reader) {
      readers.add(reader);
      return () => void readers.delete(reader);
    },
    async metrics() {
      const { resourceMetrics, errors } = await exporter.collect();
      if (errors.length > 0 && isWhole) onWarning(`some metrics cannot be told: ${messageOf(errors[0])}`);
      isWhole = errors.length === 0;
      return serializer.serialize(resourceMetrics);
    },
    async stop() {
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, STOP_MS);
      await Promise.race([sdk.shutdown().catch(() => undefined), late]);
      clearTimeout(timer);
    },
  };
}

function exporting(endpoint: string): BatchSpanProcessor {
  const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`;
  return new BatchSpanProcessor({
    exporter: new OTLPTraceExporter({ url, timeoutMillis: EXPORT_MS }),
    maxQueueSize: MOST_SPANS,
    exportTimeoutMillis: EXPORT_MS,
  });
}
