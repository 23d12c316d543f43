import { expect, onTestFinished, test } from 'vitest';
import { StoreError } from '../../src/errors.ts';
import { NO_OUTBOX } from '../../src/outbox.ts';
import { timekeeper } from '../../src/runtime/timekeeper.ts';
import { memoryQueue } from '../../src/sources/memory.ts';
import { settle, virtualClock } from '../../src/testing/virtual-clock.ts';
import type { Report, Timekeeping } from '../../src/timekeeping.ts';
import { IDLE } from '../support/vitals.ts';

const deliveries = { run: async () => ({ delivered: 0, skipped: 0, failed: 0 }), close: async () => undefined };

/** A timekeeper on an idle queue, whose store does as `time` says. */
function keeping(time: Partial<Timekeeping>) {
  const clock = virtualClock(Date.UTC(2026, 0, 1));
  const reports: Report[] = [];
  const failures: StoreError[] = [];
  const warnings: string[] = [];
  const source = memoryQueue([], { clock });
  const subscription = source.messages.subscribe();
  onTestFinished(() => subscription.unsubscribe());
  const keeper = timekeeper({
    source,
    clock,
    deliveries,
    vitals: () => IDLE,
    failed: (error) => failures.push(error),
    warn: (detail) => warnings.push(detail),
    time: {
      report: async (report) => {
        reports.push(report);
        return { clock: clock.now() + 5_000, watermark: undefined, moved: true };
      },
      tick: async () => ({ final: 0, revised: 0 }),
      outbox: NO_OUTBOX,
      retain: async () => undefined,
      leave: async () => undefined,
      ...time,
    },
  });
  return { clock, reports, failures, warnings, source, keeper };
}

const ended = new StoreError('fatal', 'ENDED', 'the connection was ended');
const refuse = async (): Promise<never> => {
  throw ended;
};

test('an idle worker reports, by the store’s clock, where it last looked into the empty queue', async () => {
  const { clock, reports, keeper } = keeping({});
  await clock.advance(10_000);
  const { low = 0, holding } = reports.at(-1) as Report;
  expect(holding).toBe(false);
  expect(clock.now() + 5_000 - low).toBeGreaterThanOrEqual(1_000);
  expect(clock.now() + 5_000 - low).toBeLessThan(2_000);
  await keeper.stop(true);
});

test('a store that refuses ends the worker, one that is away does not, and is asked less often', async () => {
  const away = keeping({
    report: async () => {
      throw new StoreError('retry', 'ECONNREFUSED', 'away');
    },
  });
  await away.clock.advance(10_000);
  expect(away.failures).toEqual([]);
  await away.keeper.stop(true);
  const refused = keeping({ tick: refuse });
  await refused.clock.advance(1_000);
  expect(refused.failures).toEqual([ended]);
  await refused.keeper.stop(false);
});

test('retention that fails is told and tried again', async () => {
  const { clock, failures, warnings, keeper } = keeping({ retain: refuse });
  await clock.advance(601_000);
  expect(failures).toEqual([]);
  expect(warnings).toEqual(Array.from({ length: 2 }, () => 'retention: the connection was ended; it is tried again'));
  await keeper.stop(true);
});

test('one that is stopped leaves at once, beside a tick under way, and a leave that fails is no failure', async () => {
  const left: string[] = [];
  const { promise: closing, resolve: closed } = Promise.withResolvers<{ final: number; revised: number }>();
  const { clock, failures, keeper } = keeping({
    tick: () => closing,
    leave: async () => {
      left.push('left');
      throw ended;
    },
  });
  await clock.advance(1_000);
  const stopped = keeper.stop(true);
  await settle();
  expect(left).toEqual(['left']);
  closed({ final: 0, revised: 0 });
  await stopped;
  expect(failures).toEqual([]);
});

test('an older message that comes is reported at once', async () => {
  const { clock, reports, source, keeper } = keeping({});
  await clock.advance(5_000);
  const idle = reports.at(-1)?.low ?? 0;
  source.send('held');
  const sent = clock.now();
  await clock.advance(300);
  expect(idle).toBeGreaterThan(sent);
  expect(reports.at(-1)).toMatchObject({ low: sent, holding: true });
  await keeper.stop(false);
});

test('windows that cannot be closed hold up neither deliveries nor retention, and are told once', async () => {
  const busy = new StoreError('retry', '55P03', 'a lock is held');
  const retained: number[] = [];
  let fails = true;
  const { clock, failures, warnings, keeper } = keeping({
    tick: async () => {
      if (fails) throw busy;
      return { final: 0, revised: 0 };
    },
    retain: async () => void retained.push(1),
  });
  await clock.advance(30_000);
  expect(retained).toEqual([1]);
  expect(warnings).toEqual(['windows stay open: a lock is held; it is tried again']);
  fails = false;
  await clock.advance(30_000);
  expect(warnings.slice(1)).toEqual(['windows are closed again']);
  expect(failures).toEqual([]);
  await keeper.stop(true);
});

test('what one window causes is told, and never ends a worker', async () => {
  const refused = new StoreError('event', '22003', 'out of range');
  const { clock, failures, warnings, keeper } = keeping({
    tick: async () => {
      throw refused;
    },
  });
  await clock.advance(30_000);
  expect(failures).toEqual([]);
  expect(warnings).toEqual(['windows stay open: out of range; it is tried again']);
  await keeper.stop(true);
});
