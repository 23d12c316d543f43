import { label, series } from '../query.ts';
import type { Dashboard } from './panel.ts';

const I = { instance: '=~"$instance"' } as const;
const OPERATION = label('calls', 'messaging.operation.name');
const ERROR = label('calls', 'error.type');
const ROUTE = label('requests', 'http.route');
const STATUS = label('requests', 'http.response.status_code');
const rate = (text: string): string => `rate(${text}[$__rate_interval])`;

/** One process: its thread, its memory, its custody, its calls to the queue, its API. */
export const worker: Dashboard = {
  uid: 'scalestream-worker',
  title: 'ScaleStream: worker',
  description: 'One process: its thread, its memory, what it holds, its calls to the queue, its API.',
  variables: [{ name: 'instance', metric: series('uptime'), label: 'instance' }],
  rows: [
    {
      title: 'What is it short of?',
      panels: [
        {
          title: 'Is its thread saturated?',
          description: 'Share of time that the one JavaScript thread works.',
          kind: 'timeseries',
          unit: 'percentunit',
          queries: [{ expr: `max by (instance) (${series('loop', I)})`, legend: '{{instance}}' }],
          red: 0.85,
        },
        {
          title: 'How late do timers come?',
          description: 'The 99th percentile of the event loop’s delay.',
          kind: 'timeseries',
          unit: 's',
          queries: [{ expr: `max by (instance) (${series('loopDelay', I)})`, legend: '{{instance}}' }],
        },
        {
          title: 'CPU',
          description: 'Cores in use.',
          kind: 'timeseries',
          unit: 'short',
          queries: [
            {
              expr: `sum by (instance, ${label('cpu', 'cpu.mode')}) (${rate(series('cpu', I))})`,
              legend: `{{instance}} {{${label('cpu', 'cpu.mode')}}}`,
            },
          ],
          stacked: true,
        },
        {
          title: 'Memory',
          description: 'Of the process, and of that V8’s heap.',
          kind: 'timeseries',
          unit: 'bytes',
          queries: [{ expr: `max by (instance, kind) (${series('memory', I)})`, legend: '{{instance}} {{kind}}' }],
        },
        {
          title: 'How near is its end by memory?',
          description: 'Share of what it may have.',
          kind: 'timeseries',
          unit: 'percentunit',
          queries: [
            {
              expr: `max by (instance, kind) (${series('memory', I)} / ${series('memoryLimit', I)})`,
              legend: '{{instance}} {{kind}}',
            },
          ],
          red: 0.9,
        },
        {
          title: 'Since when does it run?',
          description: 'A saw-tooth: it ends and is started again.',
          kind: 'timeseries',
          unit: 's',
          queries: [{ expr: `max by (instance) (${series('uptime', I)})`, legend: '{{instance}}' }],
        },
      ],
    },
    {
      title: 'What does it hold?',
      panels: [
        {
          title: 'How much of its credit is in use?',
          description: 'At 1 it receives nothing more: what follows does not keep up.',
          kind: 'timeseries',
          unit: 'percentunit',
          queries: [{ expr: `max by (instance, source) (${series('credit', I)})`, legend: '{{instance}} {{source}}' }],
        },
        {
          title: 'Messages in custody by age',
          description: 'Up to so long since they were received.',
          kind: 'timeseries',
          unit: 'short',
          queries: [{ expr: `sum by (instance, age) (${series('held', I)})`, legend: '{{instance}} {{age}}' }],
          stacked: true,
        },
        {
          title: 'Bytes in custody',
          description: 'Decoded.',
          kind: 'timeseries',
          unit: 'bytes',
          queries: [
            { expr: `sum by (instance, source) (${series('heldBytes', I)})`, legend: '{{instance}} {{source}}' },
          ],
        },
        {
          title: 'What does the source do with its time?',
          description:
            'busy: messages wait and it fetches them; backpressured: it may not; idle: it takes all that comes.',
          kind: 'timeseries',
          unit: 'percentunit',
          queries: [
            {
              expr: `sum by (instance, source, state) (${rate(series('receiving', I))})`,
              legend: '{{instance}} {{source}} {{state}}',
            },
          ],
          stacked: true,
        },
        {
          title: 'How does custody end?',
          description: 'Messages a second. Released and lost ones come again.',
          kind: 'timeseries',
          unit: 'ops',
          queries: [
            {
              expr: `sum by (instance, outcome) (${rate(series('settled', I))})`,
              legend: '{{instance}} {{outcome}}',
            },
            { expr: `sum by (instance) (${rate(series('redelivered', I))})`, legend: '{{instance}} redelivered' },
          ],
        },
        {
          title: 'Leases',
          description:
            'Messages a second whose lease was renewed, was not (tried again), or is over although they are held.',
          kind: 'timeseries',
          unit: 'ops',
          queries: [
            {
              expr: `sum by (instance, outcome) (${rate(series('leases', I))})`,
              legend: '{{instance}} {{outcome}}',
            },
          ],
        },
      ],
    },
    {
      title: 'How does the queue do?',
      panels: [
        {
          title: 'Messages a second',
          description: 'Received, redeliveries included.',
          kind: 'timeseries',
          unit: 'ops',
          queries: [{ expr: `sum by (instance) (${rate(series('consumed', I))})`, legend: '{{instance}}' }],
        },
        {
          title: 'What do receives bring?',
          description: 'Receives a second: messages, nothing, a failure.',
          kind: 'timeseries',
          unit: 'ops',
          queries: [
            { expr: `sum by (instance, outcome) (${rate(series('polls', I))})`, legend: '{{instance}} {{outcome}}' },
          ],
        },
        {
          title: 'How long do calls take?',
          description: 'The 95th percentile; a receive of an empty queue waits.',
          kind: 'timeseries',
          unit: 's',
          queries: [
            {
              expr: `histogram_quantile(0.95, sum by (le, ${OPERATION}) (${rate(series('calls', I, '_bucket'))}))`,
              legend: `{{${OPERATION}}}`,
            },
          ],
        },
        {
          title: 'Which calls fail?',
          description: 'Calls a second, by what they are for and why they fail.',
          kind: 'timeseries',
          unit: 'ops',
          queries: [
            {
              expr: `sum by (${OPERATION}, ${ERROR}) (${rate(series('calls', { ...I, 'error.type': '!=""' }, '_count'))})`,
              legend: `{{${OPERATION}}} {{${ERROR}}}`,
            },
          ],
          width: 24,
        },
      ],
    },
    {
      title: 'How does the API do?',
      panels: [
        {
          title: 'Requests a second',
          description: 'By route and status.',
          kind: 'timeseries',
          unit: 'ops',
          queries: [
            {
              expr: `sum by (${ROUTE}, ${STATUS}) (${rate(series('requests', I, '_count'))})`,
              legend: `{{${ROUTE}}} {{${STATUS}}}`,
            },
          ],
        },
        {
          title: 'How long do requests take?',
          description: 'The 95th percentile by route; a stream, until it begins.',
          kind: 'timeseries',
          unit: 's',
          queries: [
            {
              expr: `histogram_quantile(0.95, sum by (le, ${ROUTE}) (${rate(series('requests', I, '_bucket'))}))`,
              legend: `{{${ROUTE}}}`,
            },
          ],
        },
        {
          title: 'Streams and events in',
          description: 'Streams that are open, and events a second that came in by HTTP.',
          kind: 'timeseries',
          unit: 'short',
          queries: [
            { expr: `sum by (instance) (${series('streams', I)})`, legend: '{{instance}} streams' },
            { expr: `sum by (instance, pipeline) (${rate(series('ingested', I))})`, legend: '{{pipeline}} events/s' },
          ],
        },
      ],
    },
  ],
};
