import { expect, test } from 'vitest';
import { ALERTS } from '../../src/telemetry/alerts.ts';
import { inPrometheus, type Metric, prometheusName } from '../../src/telemetry/metric.ts';
import { METRICS } from '../../src/telemetry/registry.ts';
import { rulesYaml } from '../../src/telemetry/rules-yaml.ts';
import { folderOf, prometheusTest, promtool } from '../support/prometheus.ts';

/** Series by what promtool makes of them: `0+10x60` is 0, 10, 20, …, a minute each. */
type Series = Readonly<Record<string, string>>;

const AT = 'pipeline="shop",instance="a:1"';
const FROM = `${AT},source="orders"`;
const FLAT = 'x90';

/** How it is while all is well. */
const HEALTHY: Series = {
  'up{job="scalestream",instance="a:1"}': `1${FLAT}`,
  [`scalestream_breaker_open{${AT}}`]: `0${FLAT}`,
  [`scalestream_flush_retries_total{${AT}}`]: `3${FLAT}`,
  [`scalestream_events_total{${AT},outcome="committed"}`]: `0+60000${FLAT}`,
  [`scalestream_events_total{${AT},outcome="rejected"}`]: `0+60${FLAT}`,
  [`scalestream_messages_settled_total{${FROM},outcome="lost"}`]: `0${FLAT}`,
  [`scalestream_lag{${FROM}}`]: `2${FLAT}`,
  [`scalestream_polls_total{${FROM},outcome="messages"}`]: `0+600${FLAT}`,
  [`scalestream_polls_total{${FROM},outcome="empty"}`]: `0+60${FLAT}`,
  [`scalestream_polls_total{${FROM},outcome="failed"}`]: `0${FLAT}`,
  [`scalestream_workers{${AT},state="live"}`]: `2${FLAT}`,
  [`scalestream_workers{${AT},state="silent"}`]: `0${FLAT}`,
  [`scalestream_workers{${AT},state="dead"}`]: `0${FLAT}`,
  [`scalestream_watermark_hold{${AT},reason="message"}`]: `1${FLAT}`,
  [`scalestream_watermark_hold{${AT},reason="unread-source"}`]: `0${FLAT}`,
  [`scalestream_watermark_lag{${AT}}`]: `4${FLAT}`,
  [`scalestream_source_silence{${FROM}}`]: `1${FLAT}`,
  [`scalestream_outbox_failing{${AT},branch="crm"}`]: `0${FLAT}`,
  'scalestream_memory_used{instance="a:1",kind="process"}': `200000000${FLAT}`,
  'scalestream_memory_limit{instance="a:1",kind="process"}': `512000000${FLAT}`,
  [`scalestream_credit_used{${FROM}}`]: `0.4${FLAT}`,
  'nodejs_eventloop_utilization{instance="a:1"}': `0.5${FLAT}`,
};

/** What is other in each fault, and which alerts follow. */
const FAULTS: readonly { readonly fault: string; readonly other: Series; readonly fire: readonly string[] }[] = [
  {
    fault: 'Postgres is stopped',
    other: {
      [`scalestream_breaker_open{${AT}}`]: `0x5 1${FLAT}`,
      [`scalestream_flush_retries_total{${AT}}`]: `3+30${FLAT}`,
    },
    fire: ['ScaleStreamStoreFailing', 'ScaleStreamFlushesRepeated'],
  },
  {
    fault: 'a flood of events that are refused',
    other: { [`scalestream_events_total{${AT},outcome="rejected"}`]: `0+6000${FLAT}` },
    fire: ['ScaleStreamPoisonFlood'],
  },
  {
    fault: 'a graph that loses a message',
    other: { [`scalestream_messages_settled_total{${FROM},outcome="lost"}`]: `0x20 1${FLAT}` },
    fire: ['ScaleStreamMessagesLost'],
  },
  {
    fault: 'a message that nobody settles',
    other: { [`scalestream_lag{${FROM}}`]: `0+60${FLAT}` },
    fire: ['ScaleStreamQueueStuck'],
  },
  {
    fault: 'a queue that cannot be reached',
    other: {
      [`scalestream_polls_total{${FROM},outcome="messages"}`]: `600${FLAT}`,
      [`scalestream_polls_total{${FROM},outcome="empty"}`]: `60${FLAT}`,
      [`scalestream_polls_total{${FROM},outcome="failed"}`]: `0+3${FLAT}`,
    },
    fire: ['ScaleStreamQueueUnreachable'],
  },
  {
    fault: 'a process that is gone',
    other: { 'up{job="scalestream",instance="a:1"}': `1x5 0${FLAT}` },
    fire: ['ScaleStreamTargetDown'],
  },
  {
    fault: 'a worker that was killed',
    other: { [`scalestream_workers{${AT},state="dead"}`]: `1${FLAT}` },
    fire: ['ScaleStreamWorkerSilent'],
  },
  {
    fault: 'no worker at all',
    other: { [`scalestream_workers{${AT},state="live"}`]: `0${FLAT}` },
    fire: ['ScaleStreamNoWorker'],
  },
  {
    fault: 'a source that nobody reads any more',
    other: {
      [`scalestream_watermark_hold{${AT},reason="message"}`]: `0${FLAT}`,
      [`scalestream_watermark_hold{${AT},reason="unread-source"}`]: `1${FLAT}`,
      [`scalestream_watermark_lag{${AT}}`]: `200${FLAT}`,
    },
    fire: ['ScaleStreamWatermarkHeld'],
  },
  {
    fault: 'a pipeline that does not keep up',
    other: { [`scalestream_watermark_lag{${AT}}`]: `400${FLAT}` },
    fire: ['ScaleStreamBehind'],
  },
  {
    fault: 'a producer that fell silent',
    other: {
      [`scalestream_polls_total{${FROM},outcome="messages"}`]: `0+600x10 6000${FLAT}`,
      [`scalestream_polls_total{${FROM},outcome="empty"}`]: `0+120${FLAT}`,
      [`scalestream_source_silence{${FROM}}`]: `0+60${FLAT}`,
    },
    fire: ['ScaleStreamSourceSilent'],
  },
  {
    fault: 'a destination that takes nothing',
    other: { [`scalestream_outbox_failing{${AT},branch="crm"}`]: `12${FLAT}` },
    fire: ['ScaleStreamOutboxFailing'],
  },
  {
    fault: 'a process that grows',
    other: { 'scalestream_memory_used{instance="a:1",kind="process"}': `490000000${FLAT}` },
    fire: ['ScaleStreamMemoryNearLimit'],
  },
  {
    fault: 'a stage that is too slow',
    other: { [`scalestream_credit_used{${FROM}}`]: `1${FLAT}` },
    fire: ['ScaleStreamCreditSpent'],
  },
  {
    fault: 'a thread that has no time left',
    other: { 'nodejs_eventloop_utilization{instance="a:1"}': `0.97${FLAT}` },
    fire: ['ScaleStreamLoopSaturated'],
  },
  {
    fault: 'a metric with too many series',
    other: { 'scalestream_lag{instance="a:1",otel_metric_overflow="true"}': `2${FLAT}` },
    fire: ['ScaleStreamMetricOverflow'],
  },
];

/** Names of the alerts that fire after half an hour. */
function outcome(given: Series, fire: readonly string[]): ReturnType<typeof promtool> {
  const folder = folderOf({
    'rules.yaml': rulesYaml(),
    'test.yaml': JSON.stringify({
      rule_files: ['rules.yaml'],
      evaluation_interval: '30s',
      tests: [
        {
          interval: '1m',
          input_series: Object.entries(given).map(([series, values]) => ({ series, values })),
          promql_expr_test: [
            {
              expr: 'count by (alertname) (ALERTS{alertstate="firing"})',
              eval_time: '30m',
              exp_samples: fire.map((alertname) => ({ labels: `{alertname="${alertname}"}`, value: 1 })),
            },
          ],
        },
      ],
    }),
  });
  return promtool(['test', 'rules', `${folder}/test.yaml`]);
}

prometheusTest('nothing fires while all is well', () => {
  expect(outcome(HEALTHY, [])).toMatchObject({ status: 0 });
});

prometheusTest.each(FAULTS)('$fault: $fire, and nothing else', ({ other, fire }) => {
  const { status, said } = outcome({ ...HEALTHY, ...other }, fire);
  expect(said).toContain('SUCCESS');
  expect(status).toBe(0);
});

prometheusTest('promtool finds nothing wrong with the rules', () => {
  const folder = folderOf({ 'rules.yaml': rulesYaml() });
  const { status, said } = promtool(['check', 'rules', `${folder}/rules.yaml`]);
  expect(said).toContain(`${ALERTS.length} rules found`);
  expect(status).toBe(0);
});

test('every alert is shown firing, by series that the registry knows', () => {
  expect([...new Set(FAULTS.flatMap(({ fire }) => fire))].toSorted()).toEqual(
    ALERTS.map(({ name }) => name).toSorted(),
  );
  const known = new Map(Object.values<Metric>(METRICS).map((metric) => [prometheusName(metric), metric]));
  for (const text of [HEALTHY, ...FAULTS.map(({ other }) => other)].flatMap((series) => Object.keys(series))) {
    const [, name = '', labels = ''] = /^(\w+)\{(.*)\}$/.exec(text) ?? [];
    if (name === 'up') continue;
    const metric = known.get(name);
    expect(metric, name).toBeDefined();
    const allowed = [...Object.keys(metric?.labels ?? {}).map(inPrometheus), 'instance', 'otel_metric_overflow'];
    for (const [, label] of labels.matchAll(/(\w+)="/g)) expect(allowed, text).toContain(label);
  }
});
