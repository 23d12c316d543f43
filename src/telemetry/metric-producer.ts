import { type HrTime, ValueType } from '@opentelemetry/api';
import {
  AggregationTemporality,
  type CollectionResult,
  DataPointType,
  type MetricData,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics';
import type { SpreadReading } from '../spread.ts';
import type { Metric } from './metric.ts';
import type { Reader, Reading } from './reading.ts';
import { METRICS, type MetricKey } from './registry.ts';

/** Who has more series is told by one more that stands for all the others, and by an alert: what a label is of should have been declared. */
const OVERFLOW = { 'otel.metric.overflow': true } as const;

type Series = Map<string, { readonly labels: Reading['labels'] | typeof OVERFLOW; value: Reading['value'] }>;

/**
 * Makes metrics of readings. It is asked when somebody scrapes, and nothing is counted in between: OpenTelemetry's own instruments cost half a microsecond a call,
 * and know no histogram that is observed.
 *
 * @param mostSeries of one metric.
 */
export function metricProducer(readers: ReadonlySet<Reader>, mostSeries: number): MetricProducer {
  const startTime = hrTime(Date.now());
  return {
    async collect(): Promise<CollectionResult> {
      const asked = await Promise.allSettled([...readers].map(async (read) => read()));
      const errors: unknown[] = asked.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
      const readings = asked.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
      const endTime = hrTime(Date.now());
      const metrics = [...seriesOf(readings, mostSeries)].map(([key, series]) =>
        metricData(METRICS[key], series, { startTime, endTime }),
      );
      const scopeMetrics = [{ scope: { name: 'scalestream' }, metrics }];
      // what reads adds these to its own, and gives them its own resource
      return { resourceMetrics: { scopeMetrics } as CollectionResult['resourceMetrics'], errors };
    },
  };
}

function seriesOf(readings: readonly Reading[], mostSeries: number): Map<MetricKey, Series> {
  const metrics = new Map<MetricKey, Series>();
  for (const { metric, labels, value } of readings) {
    const series: Series = metrics.get(metric) ?? new Map();
    metrics.set(metric, series);
    const own = JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
    const key = series.has(own) || series.size < mostSeries ? own : 'overflow';
    const known = series.get(key);
    if (known) known.value = together(METRICS[metric], known.value, value);
    else series.set(key, { labels: key === own ? labels : OVERFLOW, value });
  }
  return metrics;
}

/** Two readings of one series: of counters the sum, of gauges the larger. */
function together({ kind }: Metric, a: Reading['value'], b: Reading['value']): Reading['value'] {
  if (typeof a === 'number' || typeof b === 'number') {
    const [x, y] = [Number(a), Number(b)];
    return kind === 'gauge' ? Math.max(x, y) : x + y;
  }
  return { bounds: a.bounds, counts: a.counts.map((n, i) => n + (b.counts[i] ?? 0)), sum: a.sum + b.sum };
}

function metricData(metric: Metric, series: Series, times: { startTime: HrTime; endTime: HrTime }): MetricData {
  const { name, description, unit, kind } = metric;
  const common = {
    descriptor: { name, description, unit, valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  const points = [...series.values()].map(({ labels, value }) => ({ ...times, attributes: labels, value }));
  if (kind === 'histogram') {
    const dataPoints = points.map(({ value, ...point }) => ({ ...point, value: histogramOf(value as SpreadReading) }));
    return { ...common, dataPointType: DataPointType.HISTOGRAM, dataPoints };
  }
  const dataPoints = points.map(({ value, ...point }) => ({ ...point, value: Number(value) }));
  return kind === 'counter'
    ? { ...common, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints }
    : { ...common, dataPointType: DataPointType.GAUGE, dataPoints };
}

const histogramOf = ({ bounds, counts, sum }: SpreadReading) => ({
  buckets: { boundaries: [...bounds], counts: [...counts] },
  count: counts.reduce((total, n) => total + n, 0),
  sum,
});

const hrTime = (ms: number): HrTime => [Math.floor(ms / 1_000), (ms % 1_000) * 1e6];
