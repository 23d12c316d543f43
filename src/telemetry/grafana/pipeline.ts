import { label, series } from '../query.ts';
import type { Dashboard } from './panel.ts';

const P = { pipeline: '=~"$pipeline"' } as const;
const ERROR = label('statements', 'error.type');
const rate = (text: string): string => `rate(${text}[$__rate_interval])`;
const quantile = (q: number, buckets: string, by: string): string =>
  `histogram_quantile(${q}, sum by (le, ${by}) (${rate(buckets)}))`;

/** One pipeline: where the time goes, and what is wrong. */
export const pipeline: Dashboard = {
  uid: 'scalestream-pipeline',
  title: 'ScaleStream: pipeline',
  description: 'One pipeline: does it keep up, which stage holds it, what becomes of events.',
  variables: [{ name: 'pipeline', metric: series('breaker'), label: 'pipeline' }],
  rows: [
    {
      title: 'Does it keep up?',
      panels: [
        {
          title: 'How far is the watermark behind?',
          description: 'Windows become final when it has passed their end and the lateness.',
          kind: 'timeseries',
          unit: 's',
          queries: [{ expr: `max by (pipeline) (${series('watermarkLag', P)})`, legend: '{{pipeline}}' }],
        },
        {
          title: 'What does the watermark wait for?',
          description: '1: for this.',
          kind: 'timeseries',
          unit: 'short',
          queries: [{ expr: `max by (pipeline, reason) (${series('hold', P)})`, legend: '{{pipeline}} {{reason}}' }],
          stacked: true,
        },
        {
          title: 'How old is the oldest message in custody?',
          description: 'Since it was sent, by source.',
          kind: 'timeseries',
          unit: 's',
          queries: [{ expr: `max by (pipeline, source) (${series('lag', P)})`, legend: '{{pipeline}} {{source}}' }],
        },
        {
          title: 'Which stage is busy?',
          description: 'Share of the last ten seconds, mean of the workers. The one near 1 holds up all others.',
          kind: 'timeseries',
          unit: 'percentunit',
          queries: [
            {
              expr: `avg by (pipeline, stage) (${series('stageShare', { ...P, state: 'busy' })})`,
              legend: '{{pipeline}} {{stage}}',
            },
          ],
        },
        {
          title: 'Which stage must wait?',
          description: 'Backpressured: what follows takes no more.',
          kind: 'timeseries',
          unit: 'percentunit',
          queries: [
            {
              expr: `avg by (pipeline, stage) (${series('stageShare', { ...P, state: 'backpressured' })})`,
              legend: '{{pipeline}} {{stage}}',
            },
          ],
        },
        {
          title: 'Where are messages?',
          description: 'Messages in each stage.',
          kind: 'timeseries',
          unit: 'short',
          queries: [{ expr: `sum by (pipeline, stage) (${series('stageHeld', P)})`, legend: '{{pipeline}} {{stage}}' }],
          stacked: true,
        },
      ],
    },
    {
      title: 'What becomes of events?',
      panels: [
        {
          title: 'Events a second by outcome',
          description: 'Each event that came is in exactly one of these.',
          kind: 'timeseries',
          unit: 'ops',
          queries: [
            {
              expr: `sum by (pipeline, outcome) (${rate(series('events', P))})`,
              legend: '{{pipeline}} {{outcome}}',
            },
          ],
          stacked: true,
        },
        {
          title: 'Why are events refused?',
          description: 'Rejects a second by reason; the rows are in scalestream.rejects.',
          kind: 'timeseries',
          unit: 'ops',
          queries: [
            {
              expr: `sum by (pipeline, reason) (${rate(series('rejects', P))}) > 0`,
              legend: '{{pipeline}} {{reason}}',
            },
          ],
        },
        {
          title: 'How many came too late?',
          description: 'Committed events whose window was final: revisions follow.',
          kind: 'timeseries',
          unit: 'ops',
          queries: [{ expr: `sum by (pipeline) (${rate(series('late', P))})`, legend: '{{pipeline}}' }],
        },
        {
          title: 'Windows a second',
          description: 'That began, became final, and were revised.',
          kind: 'timeseries',
          unit: 'ops',
          queries: [
            { expr: `sum by (pipeline) (${rate(series('windowsBegun', P))})`, legend: '{{pipeline}} begun' },
            { expr: `sum by (pipeline) (${rate(series('windowsFinal', P))})`, legend: '{{pipeline}} final' },
            { expr: `sum by (pipeline) (${rate(series('revisions', P))})`, legend: '{{pipeline}} revised' },
          ],
        },
        {
          title: 'Merges a second by table',
          description: 'Groups of events that flushes merged into windows: fewer for the same events is better.',
          kind: 'timeseries',
          unit: 'ops',
          queries: [
            { expr: `sum by (pipeline, table) (${rate(series('merges', P))})`, legend: '{{pipeline}} {{table}}' },
          ],
        },
        {
          title: 'What waits to be delivered?',
          description: 'How long the oldest final window of each branch of whenFinal waits.',
          kind: 'timeseries',
          unit: 's',
          queries: [{ expr: `max by (pipeline, branch) (${series('waiting', P)})`, legend: '{{pipeline}} {{branch}}' }],
        },
      ],
    },
    {
      title: 'How does Postgres do?',
      panels: [
        {
          title: 'How long do flushes take?',
          description: 'Of those that were committed.',
          kind: 'timeseries',
          unit: 's',
          queries: [0.5, 0.95, 0.99].map((q) => ({
            expr: quantile(q, series('statements', { ...P, 'error.type': '' }, '_bucket'), 'pipeline'),
            legend: `{{pipeline}} p${q * 100}`,
          })),
        },
        {
          title: 'Which flushes fail?',
          description: 'Flushes a second that failed, by what that means: retry, slow, event, horizon, fenced, fatal.',
          kind: 'timeseries',
          unit: 'ops',
          queries: [
            {
              expr: `sum by (pipeline, ${ERROR}) (${rate(series('statements', { ...P, 'error.type': '!=""' }, '_count'))})`,
              legend: `{{pipeline}} {{${ERROR}}}`,
            },
            { expr: `sum by (pipeline) (${rate(series('retries', P))})`, legend: '{{pipeline}} repeated' },
          ],
        },
        {
          title: 'How full are flushes?',
          description: 'Events of a flush. Small ones cost a statement each: gather longer, or pack messages.',
          kind: 'timeseries',
          unit: 'short',
          queries: [
            {
              expr: `sum by (pipeline) (${rate(series('flushEvents', P, '_sum'))}) / sum by (pipeline) (${rate(series('flushEvents', P, '_count'))})`,
              legend: '{{pipeline}} mean',
            },
            { expr: quantile(0.95, series('flushEvents', P, '_bucket'), 'pipeline'), legend: '{{pipeline}} p95' },
          ],
        },
        {
          title: 'Does the database answer?',
          description: '1: it did when it was last asked. Partitions: days of the event table.',
          kind: 'timeseries',
          unit: 'short',
          queries: [
            { expr: `min by (pipeline) (${series('databaseUp', P)})`, legend: '{{pipeline}} up' },
            { expr: `max by (pipeline) (${series('partitions', P)})`, legend: '{{pipeline}} partitions' },
          ],
        },
        {
          title: 'How long from receive to commit?',
          description: 'A message.',
          kind: 'timeseries',
          unit: 's',
          queries: [0.5, 0.95, 0.99].map((q) => ({
            expr: quantile(q, series('processing', P, '_bucket'), 'pipeline'),
            legend: `{{pipeline}} p${q * 100}`,
          })),
        },
        {
          title: 'Since when is a source silent?',
          description: 'Time since the last message of each source came to any worker.',
          kind: 'timeseries',
          unit: 's',
          queries: [{ expr: `min by (pipeline, source) (${series('silence', P)})`, legend: '{{pipeline}} {{source}}' }],
        },
      ],
    },
  ],
};
