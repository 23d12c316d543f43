import { series } from '../query.ts';
import type { Dashboard } from './panel.ts';

/** All pipelines, the worst first: where to begin. */
export const fleet: Dashboard = {
  uid: 'scalestream-fleet',
  title: 'ScaleStream: fleet',
  description: 'All pipelines, the worst first.',
  variables: [],
  rows: [
    {
      title: 'Does anything need me?',
      panels: [
        {
          title: 'Which pipeline is furthest behind?',
          description: 'How far the watermark is behind the database clock. A quiet pipeline is up to 2 s behind.',
          kind: 'bargauge',
          unit: 's',
          queries: [{ expr: `sort_desc(max by (pipeline) (${series('watermarkLag')}))`, legend: '{{pipeline}}' }],
          red: 120,
        },
        {
          title: 'What do watermarks wait for?',
          description: 'message and empty-queue are how it should be; the others need somebody.',
          kind: 'table',
          unit: 'short',
          queries: [{ expr: `max by (pipeline, reason) (${series('hold')} == 1)`, legend: '' }],
        },
        {
          title: 'Do all workers live?',
          description: 'As the database knows them; silent: no sign of life for 15 s; dead: given up within 15 min.',
          kind: 'timeseries',
          unit: 'short',
          queries: [{ expr: `max by (pipeline, state) (${series('workers')})`, legend: '{{pipeline}} {{state}}' }],
        },
        {
          title: 'Is a database failing?',
          description: 'Workers that stopped receiving, since flushes fail. Nothing is lost meanwhile.',
          kind: 'stat',
          unit: 'short',
          queries: [{ expr: `sum by (pipeline) (${series('breaker')})`, legend: '{{pipeline}}' }],
          red: 1,
        },
        {
          title: 'Are events refused?',
          description: 'Share of the events that came which are kept as rejects.',
          kind: 'timeseries',
          unit: 'percentunit',
          queries: [
            {
              expr: `sum by (pipeline) (rate(${series('events', { outcome: 'rejected' })}[$__rate_interval])) / (sum by (pipeline) (rate(${series('events')}[$__rate_interval])) > 0)`,
              legend: '{{pipeline}}',
            },
          ],
        },
        {
          title: 'Do final windows arrive?',
          description: 'Final windows that wait in the outbox, and those of them that did not arrive the last time.',
          kind: 'timeseries',
          unit: 'short',
          queries: [
            { expr: `max by (pipeline, branch) (${series('backlog')})`, legend: '{{pipeline}} {{branch}}' },
            { expr: `max by (pipeline, branch) (${series('failing')})`, legend: '{{pipeline}} {{branch}} failing' },
          ],
        },
      ],
    },
    {
      title: 'How much is there?',
      panels: [
        {
          title: 'Events a second',
          description: 'Events that are settled, in whatever way.',
          kind: 'timeseries',
          unit: 'ops',
          queries: [
            { expr: `sum by (pipeline) (rate(${series('events')}[$__rate_interval]))`, legend: '{{pipeline}}' },
          ],
        },
        {
          title: 'Windows a second that become final',
          description: 'And revisions of final windows.',
          kind: 'timeseries',
          unit: 'ops',
          queries: [
            {
              expr: `sum by (pipeline) (rate(${series('windowsFinal')}[$__rate_interval]))`,
              legend: '{{pipeline}}',
            },
            {
              expr: `sum by (pipeline) (rate(${series('revisions')}[$__rate_interval]))`,
              legend: '{{pipeline}} revised',
            },
          ],
        },
        {
          title: 'Busiest thread of each pipeline',
          description: 'Share of time that its one JavaScript thread works. Above 0.85: start another worker.',
          kind: 'timeseries',
          unit: 'percentunit',
          queries: [{ expr: `max by (instance) (${series('loop')})`, legend: '{{instance}}' }],
          red: 0.85,
        },
      ],
    },
  ],
};
