import { expect, test } from 'vitest';
import { fleetOf } from '../../src/runtime/fleet.ts';
import { verdictOf } from '../../src/runtime/verdict.ts';
import type { Status, WorkerStatus } from '../../src/sinks/postgres/status.ts';
import type { Vitals } from '../../src/vitals.ts';
import { orderPipeline } from '../support/orders.ts';
import { IDLE, stageOf } from '../support/vitals.ts';

const pipeline = { ...orderPipeline(), name: 'shop' };
const SKEW_S = pipeline.events.skew / 1_000;

const worker = (vitals: Vitals | null, more: Partial<WorkerStatus> = {}): WorkerStatus => ({
  worker: 'w',
  sources: ['shop-events'],
  state: 'live',
  seen: 0.3,
  life: 74,
  committed: 1,
  late: 0,
  diverted: 0,
  vitals,
  ...more,
});

const busy = (more: Partial<Vitals> = {}): Vitals => ({
  ...IDLE,
  rates: { ...IDLE.rates, messages: 10, committed: 502.2, duplicates: 1.1 },
  ...more,
});

/** So many seconds behind, beyond the skew. */
const status = (behind: number, workers: readonly WorkerStatus[], more: Partial<Status> = {}): Status => ({
  pipeline: 'shop',
  version: 'v',
  watermark: '2020-05-01T12:41:00.000Z',
  lag: behind + SKEW_S,
  held: 'by worker w (source shop-events): a message sent 41.2 s ago',
  unread: [],
  final: '2020-05-01T12:40:10.000Z',
  workers,
  tables: [],
  outbox: [],
  delays: [],
  ...more,
});

const transaction = (share: number) => [
  stageOf('receive', 0.1, { backpressured: 0.8 }),
  stageOf('decode', 0.2, { backpressured: 0.8 }),
  stageOf('transaction', share),
];
const { verdict } = { verdict: (...of: Parameters<typeof status>) => verdictOf(pipeline, status(...of)) };

test.each([
  [
    'keeps-up',
    'shop keeps up: 1,007 events/s, 0.4 s behind, all windows final to 2020-05-01 12:40:10 UTC',
    0.4,
    [worker(busy()), worker(busy())],
    {},
  ],
  ['idle', 'shop waits for events: none come, all windows final to 2020-05-01 12:40:10 UTC', 1.2, [worker(IDLE)], {}],
  [
    'idle',
    'shop begins: nothing is known of its time yet; by worker w',
    0,
    [worker(IDLE)],
    { lag: null, watermark: null, held: 'by worker w' },
  ],
  [
    'stopped',
    'shop is stopped: no worker lives; no window is final yet',
    99,
    [worker(null, { state: 'dead' })],
    { final: null },
  ],
  [
    'paused',
    'shop is paused: its database fails, so its 1 worker stopped receiving; nothing is lost',
    9,
    [worker(busy({ breaker: 'open' }))],
    {},
  ],
  [
    'behind',
    'shop is behind by 41.2 s: Postgres is saturated (97 % busy); 503 events/s',
    41.2,
    [worker(busy({ stages: transaction(0.97) }))],
    {},
  ],
  [
    'behind',
    'shop is behind by 41.2 s: its workers are saturated (JavaScript is 96 % busy). Fix: start another one; 503 events/s',
    41.2,
    [worker(busy({ loop: 0.96, stages: transaction(0.97) }))],
    {},
  ],
  [
    'behind',
    "shop is behind by 10 min: stage 'enrich products' is saturated (80 % busy); 503 events/s",
    600,
    [worker(busy({ stages: [stageOf('enrich products', 0.8)] }))],
    {},
  ],
  [
    'behind',
    'shop is behind by 41.2 s: the database fails or is slow: 3 flushes repeated within 10 s; 503 events/s',
    41.2,
    [worker(busy({ retries: 3 }))],
    {},
  ],
  [
    'behind',
    'shop is behind by 41.2 s: the database fails for 1 worker; 1,007 events/s',
    41.2,
    [worker(busy({ breaker: 'open' })), worker(busy())],
    {},
  ],
  [
    'behind',
    'shop is behind by 41.2 s: it catches up; 503 events/s',
    41.2,
    [worker(busy({ stages: [stageOf('receive', 0.9)] }))],
    {},
  ],
  [
    'behind',
    'shop is behind by 41.2 s: the watermark is held by worker w, no sign of life; 503 events/s',
    41.2,
    [worker(busy({ stages: transaction(0.97) })), worker(null, { state: 'silent' })],
    { held: 'by worker w, no sign of life' },
  ],
  [
    'behind',
    'shop is behind by 3 h: the watermark is held no worker reads source b; 503 events/s',
    10_000,
    [worker(busy())],
    { unread: ['b'], held: 'no worker reads source b' },
  ],
] as const)('%s: %s', (state, text, behind, workers, more) => {
  expect(verdict(behind, workers, more)).toEqual({ state, text });
});

test('workers together: sums of rates and messages, means of shares; those that told nothing count for nothing', () => {
  const one = worker(busy({ loop: 0.2, stages: [stageOf('decode', 0.2, { held: 3 }), stageOf('enrich', 0.5)] }));
  const two = worker(busy({ loop: 0.6, stages: [stageOf('decode', 0.4, { held: 4, backpressured: 0.2 })] }));
  expect(fleetOf([one, two, worker(null)])).toMatchObject({
    workers: 2,
    rates: { committed: 1_004.4, messages: 20 },
    loop: 0.4,
    stages: [
      { stage: 'decode', messages: 20, busy: 0.3, backpressured: 0.1, idle: 0.6, held: 7 },
      { stage: 'enrich', messages: 10, busy: 0.5, backpressured: 0, idle: 0.5, held: 0 },
    ],
  });
  expect(fleetOf([])).toMatchObject({ workers: 0, loop: 0, stages: [], rates: { messages: 0 } });
});
