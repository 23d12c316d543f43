import { expect, test } from 'vitest';
import { NO_OUTBOX } from '../../src/outbox.ts';
import { timekeeper } from '../../src/runtime/timekeeper.ts';
import type { Source, SourceProgress } from '../../src/source.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import type { Report, Timekeeping } from '../../src/timekeeping.ts';
import { IDLE } from '../support/vitals.ts';

const START = Date.UTC(2026, 0, 1);

/** A worker's timekeeping in virtual time, on a source that says what it is told to and a store whose clock is a minute ahead. */
function keeping() {
  const clock = virtualClock(START);
  const progress: SourceProgress = { source: 'test', held: undefined, settled: undefined, emptyAt: undefined };
  let now = progress;
  const story: string[] = [];
  const reports: Report[] = [];
  const did = async <T>(what: string, answer: T): Promise<T> => {
    story.push(`${clock.now() - START} ${what}`);
    return answer;
  };
  const time: Timekeeping = {
    report({ low, source, holding }) {
      reports.push({ low, source, holding });
      return did('report', { clock: clock.now() + 60_000, watermark: undefined, moved: false });
    },
    tick: async () => ({ final: 0, revised: 0 }),
    outbox: NO_OUTBOX,
    retain: async () => undefined,
    leave: () => did('leave', undefined),
  };
  const keeper = timekeeper({
    source: { progress: () => [now] } as unknown as Source,
    time,
    deliveries: { run: async () => ({ delivered: 0, skipped: 0, failed: 0 }), close: async () => undefined },
    vitals: () => IDLE,
    clock,
    failed: () => undefined,
    warn: () => undefined,
  });
  const says = (told: Partial<SourceProgress>): void => {
    now = { ...progress, ...told };
  };
  return { clock, story, reports, keeper, says };
}

test('a worker that holds nothing any more takes its leave; one that does is waited for', async () => {
  for (const [settled, expected] of [
    [true, ['0 report', '0 leave']],
    [false, ['0 report']],
  ] as const) {
    const { keeper, story } = keeping();
    await keeper.stop(settled);
    expect(story).toEqual(expected);
  }
});

test('it says when it has seen more, at once when something older came, and every two seconds that it lives', async () => {
  const { clock, keeper, story, says } = keeping();
  says({ emptyAt: START });
  await clock.advance(1_250);
  says({ emptyAt: START + 1_000 });
  await clock.advance(250);
  says({ emptyAt: START + 1_000, held: START + 10 });
  await clock.advance(250);
  await clock.advance(4_000);
  await keeper.stop(false);
  expect(story).toEqual(['0 report', '250 report', '1500 report', '1750 report', '3750 report', '5750 report']);
});

test('an empty queue is told by the clock of the store, what is held by that of the queue', async () => {
  const { clock, keeper, reports, says } = keeping();
  says({ emptyAt: START + 100 });
  await clock.advance(250);
  says({ emptyAt: START + 100, held: START + 70_000 });
  await clock.advance(500);
  await keeper.stop(false);
  expect(reports).toEqual([
    { low: undefined, source: 'test', holding: false },
    { low: START + 60_100, source: 'test', holding: false },
    { low: START + 70_000, source: 'test', holding: true },
  ]);
});
