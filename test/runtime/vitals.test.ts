import { expect, test } from 'vitest';
import { memoryQueue, memoryStore, startWorker, StoreError } from '../../src/index.ts';
import { backoff } from '../../src/operators/backoff.ts';
import { vitals } from '../../src/runtime/vitals.ts';
import { virtualClock } from '../../src/testing/index.ts';
import type { Vitals } from '../../src/vitals.ts';
import { faultyStore } from '../support/faulty-store.ts';
import { order, orderPipeline } from '../support/orders.ts';

const pipeline = () => orderPipeline(undefined, { retry: backoff({ first: '1s', cap: '1s', random: () => 1 }) });

/** A worker in virtual time, whose store does as it is told, and what it tells of itself. */
async function working(down: { now: boolean }) {
  const clock = virtualClock();
  const source = memoryQueue([], { clock });
  const told: Vitals[] = [];
  const inner = memoryStore(pipeline());
  const watched = {
    ...inner,
    time: {
      ...inner.time,
      report: (report: Parameters<typeof inner.time.report>[0]) => {
        if (report.vitals) told.push(report.vitals);
        return inner.time.report(report);
      },
    },
  };
  const store = faultyStore(watched, {
    before: () => (down.now ? new StoreError('retry', '57P01', 'away') : undefined),
  });
  const worker = startWorker(pipeline(), { source, store, clock });
  await clock.advance(1);
  return { clock, source, told, worker, vitals: vitals(worker.stats, clock) };
}

const bodies = (n: number, from = 0): string[] =>
  Array.from({ length: n }, (_, i) => JSON.stringify(order(`o${from + i}`)));

test('a worker tells its rates over ten seconds, and its stages in the order of the graph', async () => {
  const { clock, source, told, worker } = await working({ now: false });
  for (let second = 0; second < 20; second++) {
    source.send(...bodies(30, second * 30));
    await clock.advance(1_000);
  }
  const last = told.at(-1) as Vitals;
  expect(last.seconds).toBeGreaterThanOrEqual(9);
  expect(last.seconds).toBeLessThan(12);
  expect(last.rates.messages).toBeCloseTo(30, -1);
  expect(last.rates.committed).toBeCloseTo(30, -1);
  expect(last.stages.map(({ stage }) => stage)).toEqual(['receive', 'decode', 'transaction', 'delete']);
  for (const { busy, backpressured, idle } of last.stages) expect(busy + backpressured + idle).toBeCloseTo(1, 2);
  expect(last).toMatchObject({ breaker: 'closed', retries: 0, heldBytes: 0 });
  await Promise.all([worker.stop(1_000), clock.advance(30_000)]);
});

test('while its store fails a worker is backpressured where it waits, and says that its breaker is open', async () => {
  const down = { now: false };
  const { clock, source, worker, vitals: tell } = await working(down);
  source.send(...bodies(10));
  await clock.advance(5_000);
  tell();
  down.now = true;
  source.send(...bodies(10, 10));
  for (let second = 0; second < 20; second++) {
    await clock.advance(1_000);
    tell();
  }
  const ill = tell();
  expect(ill.breaker).toBe('open');
  expect(ill.retries).toBeGreaterThan(5);
  expect(ill.rates.committed).toBe(0);
  const stage = (name: string) => ill.stages.find((each) => each.stage === name);
  expect(stage('transaction')).toMatchObject({ backpressured: 1, busy: 0, held: 10 });
  expect(stage('receive')).toMatchObject({ backpressured: 1, busy: 0 });
  down.now = false;
  await clock.advance(20_000);
  expect(tell()).toMatchObject({ breaker: 'closed', heldBytes: 0 });
  await Promise.all([worker.stop(1_000), clock.advance(30_000)]);
});
