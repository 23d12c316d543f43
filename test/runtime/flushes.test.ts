import { expect, test } from 'vitest';
import { z } from 'zod';
import { StoreError } from '../../src/errors.ts';
import { count, eventTable, memoryStore, pipeline, tumbling, windowTable } from '../../src/index.ts';
import { countingFlushes } from '../../src/runtime/flushes.ts';
import { countingTime } from '../../src/runtime/counting-time.ts';
import type { Flush, Outcome, Store } from '../../src/store.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import type { Timekeeping } from '../../src/timekeeping.ts';

const events = eventTable('told', { schema: z.object({ id: z.string() }), id: (e) => e.id, time: () => 0, keep: '1d' });
const windows = windowTable('told_windows', events, { window: tumbling('1m'), key: {}, measures: { n: count() } });
const told = pipeline('told', [events, windows], () => {
  throw new Error('not run');
});
const NOTHING: Outcome = { fresh: 0, late: 0, diverted: 0, windows: 0, rejects: 0, repeats: [] };

/** What a flush is counted by; nothing else of it is looked at. */
const flushOf = (entries: number, groups: number, reasons: readonly string[] = []): Flush =>
  ({
    entries: Array.from({ length: entries }),
    folds: [{ table: windows, windows: Array.from({ length: groups }) }],
    rejects: reasons.map((reason) => ({ reason })),
  }) as unknown as Flush;

test('flushes are counted by how long they took and what they held; those that failed by what that means, and hold nothing', async () => {
  const clock = virtualClock(0);
  let fails: StoreError | undefined;
  const store: Store = {
    ...memoryStore(told),
    commit: async () => {
      await new Promise<void>((resolve) => void clock.after(40, resolve));
      if (fails) throw fails;
      return NOTHING;
    },
  };
  const counting = countingFlushes(store, clock);
  const commit = async (flush: Flush): Promise<void> => {
    const done = counting.store.commit(flush).catch(() => undefined);
    await clock.advance(40);
    await done;
  };
  await commit(flushOf(300, 12, ['schema', 'schema', 'no-id']));
  fails = new StoreError('slow', '57014', 'slow');
  await commit(flushOf(500, 99, ['schema']));
  const { flushes, retries, seconds, events: filled, merges, rejects } = counting.stats();
  expect({ flushes, retries, merges, rejects }).toEqual({
    flushes: 2,
    retries: 1,
    merges: { told_windows: 12 },
    rejects: { schema: 2, 'no-id': 1 },
  });
  expect(filled).toMatchObject({ sum: 300 });
  expect(seconds.map(({ failure, seconds: { sum } }) => [failure, sum])).toEqual([
    [undefined, expect.closeTo(0.04)],
    ['slow', expect.closeTo(0.04)],
  ]);
});

test('the watermark falls further behind while the store cannot be asked, and ticks are added up', async () => {
  const clock = virtualClock(1_000);
  const time = {
    ...memoryStore(told).time,
    report: async () => ({ clock: 500_000, watermark: 497_000_000, moved: false }),
    tick: async () => ({ final: 3, revised: 1 }),
  } satisfies Timekeeping;
  const counting = countingTime(time, clock);
  expect(counting.stats()).toEqual({ final: 0, revised: 0, behind: undefined });
  await counting.time.report({ low: 0, source: 's', holding: false });
  await counting.time.tick();
  await counting.time.tick();
  await clock.advance(10_000);
  expect(counting.stats()).toEqual({ final: 6, revised: 2, behind: 13 });
});
