import { afterEach, expect, test } from 'vitest';
import storefront from '../../src/pipelines/storefront.ts';
import type { Standing } from '../../src/sinks/postgres/standing.ts';
import { Spread } from '../../src/spread.ts';
import { metricProducer } from '../../src/telemetry/metric-producer.ts';
import { pipelineReadings } from '../../src/telemetry/pipeline-readings.ts';
import { type Reading, reading } from '../../src/telemetry/reading.ts';
import { startTelemetry, type Telemetry } from '../../src/telemetry/start-telemetry.ts';

let telemetry: Telemetry | undefined;
afterEach(async () => {
  await telemetry?.stop();
  telemetry = undefined;
});

const linesOf = async (reader: () => readonly Reading[]): Promise<string[]> => {
  telemetry = startTelemetry({});
  telemetry.observe(reader);
  return (await telemetry.metrics()).split('\n').filter((line) => line.startsWith('scalestream_'));
};

test('a spread says how many values were up to each bound', () => {
  const spread = new Spread([1, 10]);
  for (const value of [0.5, 1, 2, 10, 11, 1_000]) spread.add(value);
  expect(spread.read()).toEqual({ bounds: [1, 10], counts: [2, 2, 2], sum: 1_024.5 });
});

test('a histogram of plain fields is a histogram of Prometheus: buckets add up, the last one is all', async () => {
  const spread = new Spread([1, 10]);
  for (const value of [1, 2, 99]) spread.add(value);
  const lines = await linesOf(() => [reading('flushEvents', { pipeline: 'p' }, spread.read())]);
  expect(lines.filter((line) => line.startsWith('scalestream_flush_events'))).toEqual([
    'scalestream_flush_events_count{pipeline="p"} 3',
    'scalestream_flush_events_sum{pipeline="p"} 102',
    'scalestream_flush_events_bucket{pipeline="p",le="1"} 1',
    'scalestream_flush_events_bucket{pipeline="p",le="10"} 2',
    'scalestream_flush_events_bucket{pipeline="p",le="+Inf"} 3',
  ]);
});

test('a metric with too many series keeps the first 500, and adds up the others in one that says so', async () => {
  const many = Array.from({ length: 620 }, (_, n) => reading('merges', { pipeline: 'p', table: `t${n}` }, 2));
  const lines = (await linesOf(() => many)).filter((line) => line.startsWith('scalestream_merges_total'));
  expect(lines).toHaveLength(501);
  expect(lines.filter((line) => line.includes('overflow'))).toEqual([
    'scalestream_merges_total{otel_metric_overflow="true"} 240',
  ]);
});

test('two readings of one series are one: of counters the sum, of gauges the larger', async () => {
  const lines = await linesOf(() => [
    reading('late', { pipeline: 'p' }, 2),
    reading('late', { pipeline: 'p' }, 3),
    reading('lag', { pipeline: 'p', source: 's' }, 9),
    reading('lag', { pipeline: 'p', source: 's' }, 4),
  ]);
  expect(lines).toContain('scalestream_events_late_total{pipeline="p"} 5');
  expect(lines).toContain('scalestream_lag{pipeline="p",source="s"} 9');
});

test('a reader that throws takes nothing from the others', async () => {
  const readers = new Set([
    () => {
      throw new Error('no');
    },
    () => [reading('late', { pipeline: 'p' }, 1)],
  ]);
  const { resourceMetrics, errors } = await metricProducer(readers, 10).collect();
  expect(errors).toEqual([new Error('no')]);
  expect(resourceMetrics.scopeMetrics[0]?.metrics.map(({ descriptor }) => descriptor.name)).toEqual([
    'scalestream.events.late',
  ]);
});

const STANDING: Standing = {
  workers: { live: 2, silent: 0, dead: 1 },
  hold: 'message',
  partitions: 3,
  outbox: [{ branch: 'gone', backlog: 7, failing: 1, oldest: 12 }],
};
const valueOf = (readings: readonly Reading[], metric: Reading['metric'], labels: object = {}): unknown =>
  readings.find((each) => each.metric === metric && Object.entries(labels).every(([k, v]) => each.labels[k] === v))
    ?.value;

test('who scrapes is told of what cannot be read once, not at every scrape', async () => {
  const said: string[] = [];
  telemetry = startTelemetry({ onWarning: (line) => said.push(line) });
  telemetry.observe(() => {
    throw new Error('it is gone');
  });
  await telemetry.metrics();
  await telemetry.metrics();
  expect(said).toEqual(['some metrics cannot be told: it is gone']);
});

test('the database is asked once in five seconds, however many scrape; what nobody declares any more is no label', async () => {
  let [now, asked] = [0, 0];
  const read = pipelineReadings(
    storefront,
    async () => {
      asked += 1;
      return STANDING;
    },
    () => now,
  );
  await Promise.all([read(), read()]);
  now = 4_999;
  const readings = await read();
  expect(asked).toBe(1);
  expect(valueOf(readings, 'workers', { state: 'live' })).toBe(2);
  expect(valueOf(readings, 'hold', { reason: 'message' })).toBe(1);
  expect(valueOf(readings, 'hold', { reason: 'no-workers' })).toBe(0);
  expect(valueOf(readings, 'backlog', { branch: 'undeclared' })).toBe(7);
  now = 5_000;
  await read();
  expect(asked).toBe(2);
});

test('while the database is away, what was known is told for half a minute, and then no more', async () => {
  let now = 0;
  let isAway = false;
  const read = pipelineReadings(
    storefront,
    async () => {
      if (isAway) throw new Error('away');
      return STANDING;
    },
    () => now,
  );
  expect(valueOf(await read(), 'databaseUp')).toBe(1);
  isAway = true;
  now = 20_000;
  const soon = await read();
  expect(valueOf(soon, 'databaseUp')).toBe(0);
  expect(valueOf(soon, 'partitions')).toBe(3);
  now = 30_000;
  const later = await read();
  expect(later.map(({ metric }) => metric)).toEqual(['databaseUp']);
});
