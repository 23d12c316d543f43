import { map } from 'rxjs';
import { expect, test } from 'vitest';
import { memoryQueue, memoryStore, postgresDatabase, startWorker, StoreError } from '../../src/index.ts';
import { virtualClock } from '../../src/testing/index.ts';
import { faultyStore, unknownOutcome } from '../support/faulty-store.ts';
import { order, orderPipeline } from '../support/orders.ts';
import { backoff } from '../../src/operators/backoff.ts';

const body = JSON.stringify(order('a'));
const patient = () => orderPipeline(undefined, { retry: backoff({ first: '100ms', cap: '1s', random: () => 1 }) });

test('a worker that is stopped while its store is down tries nothing more once its grace has ended', async () => {
  const clock = virtualClock();
  const source = memoryQueue([body], { clock });
  const store = faultyStore(memoryStore(patient()), { before: unknownOutcome });
  const worker = startWorker(patient(), { source, store, clock });
  await clock.advance(5_000);
  expect(store.flushes.length).toBeGreaterThan(3);
  const stopped = worker.stop(3_000);
  await clock.advance(30_000);
  await stopped;
  const tried = store.flushes.length;
  await clock.advance(600_000);
  expect(store.flushes).toHaveLength(tried);
  expect(clock.pending).toBe(0);
  expect(source.depth()).toEqual({ waiting: 1, inFlight: 0 });
});

test('a worker whose pipeline fails gives back at once what it holds, though nobody stops it', async () => {
  const clock = virtualClock();
  const source = memoryQueue([body], { clock });
  const store = faultyStore(memoryStore(patient()), {
    before: () => new StoreError('fatal', '42501', 'permission denied'),
  });
  const worker = startWorker(patient(), { source, store, clock });
  const failed = expect(worker.done).rejects.toThrow('permission denied');
  await clock.advance(20_000);
  await failed;
  expect(source.depth()).toEqual({ waiting: 1, inFlight: 0 });
  expect(clock.pending).toBe(0);
});

test('a database that was closed opens nothing again', async () => {
  const database = postgresDatabase({ url: 'postgres://localhost:1/none' });
  await database.close();
  await expect(database.connection.run('select 1')).rejects.toMatchObject({ failure: 'fatal', reason: 'ENDED' });
});

test('a graph that does not acknowledge is told so with its first batch, though its types were stripped', async () => {
  const clock = virtualClock();
  const { graph, ...rest } = patient();
  const forgetful = {
    ...rest,
    graph: (ports: Parameters<typeof graph>[0]) =>
      graph(ports).pipe(map(({ counts }) => ({ counts, messages: [] }) as never)),
  };
  const worker = startWorker(forgetful, {
    source: memoryQueue([body], { clock }),
    store: memoryStore(forgetful),
    clock,
  });
  const failed = expect(worker.done).rejects.toThrow(/Fix: end the graph with acknowledge\(\)/);
  await clock.advance(20_000);
  await failed;
});
