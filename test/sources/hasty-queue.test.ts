import { expect, test } from 'vitest';
import { pullSettings } from '../../src/sources/pull-options.ts';
import { pullSource } from '../../src/sources/pull-source.ts';
import type { Queue } from '../../src/sources/queue.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';

test('a queue that says at once that it is empty, instead of waiting, is not asked in a hot loop, and not believed', async () => {
  const clock = virtualClock();
  let receives = 0;
  const hasty: Queue = {
    id: 'hasty',
    receive: async () => {
      receives += 1;
      return [];
    },
    remove: async () => [],
    changeVisibility: async () => [],
    depth: async () => ({ waiting: 0, inFlight: 0 }),
    failureOf: () => 'network',
    close: () => undefined,
  };
  const source = pullSource('hasty', hasty, pullSettings({ clock }));
  const subscription = source.messages.subscribe();
  await clock.advance(10_000);
  expect(receives).toBeGreaterThan(90);
  expect(receives).toBeLessThan(210);
  subscription.unsubscribe();
  await clock.advance(1_000);
  await source.drained(0);
  expect(source.progress()).toMatchObject([{ emptyAt: undefined }]);
});
