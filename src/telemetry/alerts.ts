import { series } from './query.ts';

/** A rule of Prometheus, and what `docs/RUNBOOK.md` says of it under its name. */
export interface Alert {
  readonly name: string;
  /** `page`: somebody should look now; `ticket`: within a day. */
  readonly severity: 'page' | 'ticket';
  readonly expr: string;
  /** So long it must hold. */
  readonly for: string;
  readonly summary: string;
}

const by = (labels: string, expr: string, how: 'sum' | 'max' | 'min' = 'sum'): string =>
  `${how} by (${labels}) (${expr})`;
const rate = (text: string, span = '5m'): string => `rate(${text}[${span}])`;

/** The name of the job that scrapes, in `deploy/prometheus.yaml`. */
export const JOB = 'scalestream';

export const ALERTS: readonly Alert[] = [
  {
    name: 'ScaleStreamStoreFailing',
    severity: 'page',
    expr: `${by('pipeline', series('breaker'))} > 0`,
    for: '1m',
    summary: '{{ $value }} workers of {{ $labels.pipeline }} stopped receiving: Postgres fails',
  },
  {
    name: 'ScaleStreamFlushesRepeated',
    severity: 'ticket',
    expr: `${by('pipeline', rate(series('retries')))} > 0.05`,
    for: '10m',
    summary: '{{ $labels.pipeline }} repeats {{ $value | humanize }} flushes a second: Postgres fails or is slow',
  },
  {
    name: 'ScaleStreamPoisonFlood',
    severity: 'page',
    expr: `${by('pipeline', rate(series('events', { outcome: 'rejected' })))} / (${by('pipeline', rate(series('events')))} > 0) > 0.05`,
    for: '5m',
    summary: '{{ $value | humanizePercentage }} of the events of {{ $labels.pipeline }} are refused',
  },
  {
    name: 'ScaleStreamMessagesLost',
    severity: 'ticket',
    expr: `${by('pipeline, source', `increase(${series('settled', { outcome: 'lost' })}[15m])`)} > 0`,
    for: '0m',
    summary: 'the graph of {{ $labels.pipeline }} lost messages of {{ $labels.source }}: they come again',
  },
  {
    name: 'ScaleStreamQueueStuck',
    severity: 'page',
    expr: `(${by('pipeline, source', series('lag'), 'max')} > 120 and ${by('pipeline, source', `deriv(${series('lag')}[5m])`, 'max')} > 0.5) and ${by('pipeline, source', rate(series('polls', { outcome: '!="failed"' })))} > 0`,
    for: '5m',
    summary:
      'a message of {{ $labels.source }} is {{ $value | humanizeDuration }} old and is not settled, while others are received',
  },
  {
    name: 'ScaleStreamQueueUnreachable',
    severity: 'page',
    expr: `${by('pipeline, source', rate(series('polls', { outcome: 'failed' })))} > 0 unless ${by('pipeline, source', rate(series('polls', { outcome: '!="failed"' })))} > 0`,
    for: '2m',
    summary: 'every receive from {{ $labels.source }} fails',
  },
  {
    name: 'ScaleStreamTargetDown',
    severity: 'page',
    expr: `up{job="${JOB}"} == 0`,
    for: '1m',
    summary: '{{ $labels.instance }} cannot be scraped',
  },
  {
    name: 'ScaleStreamWorkerSilent',
    severity: 'page',
    expr: `${by('pipeline, state', series('workers', { state: '=~"silent|dead"' }), 'max')} > 0`,
    for: '30s',
    summary: '{{ $value }} workers of {{ $labels.pipeline }} are {{ $labels.state }}',
  },
  {
    name: 'ScaleStreamNoWorker',
    severity: 'page',
    expr: `${by('pipeline', series('workers', { state: 'live' }), 'max')} == 0`,
    for: '1m',
    summary: 'no worker of {{ $labels.pipeline }} lives',
  },
  {
    name: 'ScaleStreamWatermarkHeld',
    severity: 'page',
    expr: `(${by('pipeline, reason', series('hold', { reason: '!~"message|empty-queue"' }), 'max')} == 1) * on (pipeline) group_left () ${by('pipeline', series('watermarkLag'), 'max')} > 60`,
    for: '1m',
    summary:
      'no window of {{ $labels.pipeline }} becomes final ({{ $labels.reason }}): {{ $value | humanizeDuration }} behind',
  },
  {
    name: 'ScaleStreamBehind',
    severity: 'ticket',
    expr: `${by('pipeline', series('watermarkLag'), 'max')} > 300`,
    for: '5m',
    summary: '{{ $labels.pipeline }} is {{ $value | humanizeDuration }} behind',
  },
  {
    name: 'ScaleStreamSourceSilent',
    severity: 'ticket',
    expr: `${by('pipeline, source', series('silence'), 'min')} > 900 and ${by('pipeline, source', `increase(${series('polls', { outcome: 'messages' })}[6h])`)} > 0`,
    for: '1m',
    summary: '{{ $labels.source }} has sent nothing for {{ $value | humanizeDuration }}, and did before',
  },
  {
    name: 'ScaleStreamOutboxFailing',
    severity: 'page',
    expr: `${by('pipeline, branch', series('failing'), 'max')} > 0`,
    for: '5m',
    summary: '{{ $value }} final windows of {{ $labels.pipeline }} do not reach {{ $labels.branch }}',
  },
  {
    name: 'ScaleStreamMemoryNearLimit',
    severity: 'page',
    expr: `${by('instance, kind', `${series('memory')} / ${series('memoryLimit')}`, 'max')} > 0.9`,
    for: '5m',
    summary:
      '{{ $labels.instance }} has {{ $value | humanizePercentage }} of the memory it may have ({{ $labels.kind }})',
  },
  {
    name: 'ScaleStreamCreditSpent',
    severity: 'ticket',
    expr: `${by('pipeline, source', series('credit'), 'min')} >= 0.99`,
    for: '10m',
    summary: 'all workers of {{ $labels.pipeline }} hold as much of {{ $labels.source }} as they may',
  },
  {
    name: 'ScaleStreamLoopSaturated',
    severity: 'ticket',
    expr: `${by('instance', series('loop'), 'max')} > 0.9`,
    for: '10m',
    summary: 'the JavaScript thread of {{ $labels.instance }} is {{ $value | humanizePercentage }} busy',
  },
  {
    name: 'ScaleStreamMetricOverflow',
    severity: 'ticket',
    expr: 'count by (instance) ({otel_metric_overflow="true"}) > 0',
    for: '0m',
    summary: '{{ $value }} metrics of {{ $labels.instance }} have more series than are kept',
  },
];

/** The part of a document's address that its headings have, as GitHub makes it. */
export const anchorOf = ({ name }: Pick<Alert, 'name'>): string => name.toLowerCase();
