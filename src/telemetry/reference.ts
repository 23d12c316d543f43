import type { LabelValues, Metric } from './metric.ts';
import { inPrometheus, prometheusName } from './metric.ts';
import { METRICS } from './registry.ts';

/** `docs/METRICS.md`. */
export function metricsReference(): string {
  return `# Metrics

Generated from \`src/telemetry/registry.ts\` by \`npm run generate\`. They are at \`/metrics\` of the API's port (for tokens with scope \`read\`, where there are
tokens), and at a port of their own with \`--metrics-port\`. Names are OpenTelemetry's with \`_\` for dots; counters end in \`_total\`, and no unit is appended. What
dashboards and alerts ask is generated from the same list: see [RUNBOOK.md](RUNBOOK.md) for the alerts.

Values of labels are closed lists, or *declared*: names of pipelines, tables, sources, stages and branches as the program declares them; routes are patterns. None is
a key, an id or anything that a queue held. A metric has at most 500 series; what is more is one series with \`otel_metric_overflow="true"\`.

| metric | kind, unit | what it is | labels |
|---|---|---|---|
${Object.values<Metric>(METRICS).map(line).join('\n')}

Node's own come beside them, from OpenTelemetry's instrumentation: \`nodejs_eventloop_*\`, \`v8js_memory_heap_*\`, \`v8js_gc_duration_*\`, \`v8js_resource_active\`.
`;
}

function line(metric: Metric): string {
  const { kind, unit, description, labels, bounds } = metric;
  const all = Object.entries(labels).map(([name, values]) => `\`${inPrometheus(name)}\`: ${valuesText(values)}`);
  const buckets = bounds ? `; up to ${bounds.join(', ')}` : '';
  return `| \`${prometheusName(metric)}\` | ${kind}, ${unit} | ${description}${buckets} | ${all.join('; ') || '–'} |`;
}

const valuesText = (values: LabelValues): string =>
  typeof values === 'string' ? values : values.map((value) => `\`${value}\``).join(', ');
