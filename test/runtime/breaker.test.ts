import { beforeEach, expect, test } from 'vitest';
import { memoryQueue, memoryStore, type Source, StoreError } from '../../src/index.ts';
import { breaker } from '../../src/runtime/breaker.ts';
import { faultyStore } from '../support/faulty-store.ts';
import { orderPipeline } from '../support/orders.ts';

const EMPTY = { entries: [], folds: [], rejects: [] };

let said: string[];
let source: Source;
beforeEach(() => {
  said = [];
  source = { ...memoryQueue(), pause: () => void said.push('pause'), resume: () => void said.push('resume') };
});

/** Flushes one after the other, each failing as told, and says after how many of them the source was paused and resumed. */
async function flush(...failures: readonly (StoreError['failure'] | 'none')[]): Promise<readonly string[]> {
  const store = faultyStore(memoryStore(orderPipeline()), {
    before(_, n) {
      const failure = failures[n - 1];
      return failure === undefined || failure === 'none' ? undefined : new StoreError(failure, 'X', failure);
    },
  });
  const guarded = breaker(store, source, (open) => void said.push(open ? 'open' : 'closed'));
  for (const [n] of failures.entries()) {
    await guarded.commit(EMPTY).catch(() => undefined);
    said.push(String(n + 1));
  }
  return said;
}

test('two flushes that fail in a row stop the receiving, the first that succeeds lets it go on', async () => {
  const story = await flush('retry', 'slow', 'retry', 'none', 'none');
  expect(story).toEqual(['1', 'pause', 'open', '2', '3', 'resume', 'closed', '4', '5']);
});

test('failures that are not in a row stop nothing', async () => {
  expect(await flush('retry', 'none', 'retry', 'none', 'slow', 'none')).toEqual(['1', '2', '3', '4', '5', '6']);
});

test("an event's fault is not the database's: it stops nothing", async () => {
  expect(await flush('event', 'event', 'event')).toEqual(['1', '2', '3']);
});
