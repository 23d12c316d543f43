import { expect, test } from 'vitest';
import { StoreError } from '../../src/errors.ts';
import { count, tumbling, windowTable } from '../../src/index.ts';
import { type ClaimedWindow, NO_OUTBOX, type Outbox } from '../../src/outbox.ts';
import { takeAll } from '../../src/runtime/take-all.ts';
import { branchOver } from '../../src/when-final.ts';
import { orders, trade } from '../support/orders.ts';

const hourly = windowTable('hourly', trade, { window: tumbling('1h'), key: {}, measures: { n: count() } });
const low = windowTable('low', orders, { window: tumbling('10s'), key: {}, measures: { n: count() } });
const branch = branchOver(low, hourly);

const claimed = (n: number): ClaimedWindow => ({
  line: 'line',
  window: {
    delivery: String(n),
    table: 'low',
    start: '2026-01-01T00:00:00.000Z',
    end: '2026-01-01T00:00:10.000Z',
    key: {},
    measures: {},
    revision: 1,
    revised: false,
  },
});

/** An outbox of so many windows, whose store fails where `refuses` says it of one of them. */
function outboxOf(many: number, refuses: (delivery: string) => StoreError | undefined) {
  const left = Array.from({ length: many }, (_, n) => claimed(n));
  const taken: string[] = [];
  const failed = new Map<string, string>();
  let asked = 0;
  const outbox: Outbox = {
    ...NO_OUTBOX,
    claim: async () => ({ token: 'token', items: left.splice(0) }),
    async take(_, { items }) {
      asked++;
      const deliveries = items.map(({ window }) => window.delivery);
      for (const error of deliveries.map(refuses)) if (error) throw error;
      taken.push(...deliveries);
    },
    async failed(_, __, deliveries, why) {
      for (const delivery of deliveries) failed.set(delivery, why);
    },
  };
  return { outbox, taken, failed, asked: () => asked };
}

test.each(['event', 'slow'] as const)(
  'windows that the store refuses (%s) are found by halves and stay, with the reason; their siblings are taken',
  async (failure) => {
    const error = new StoreError(failure, '22003', 'out of range');
    const { outbox, taken, failed, asked } = outboxOf(100, (n) => (n === '7' || n === '99' ? error : undefined));
    expect(await takeAll(branch, outbox, () => false)).toEqual({ delivered: 98, skipped: 0, failed: 2 });
    expect(taken).toHaveLength(98);
    expect([...failed]).toEqual([
      ['7', 'out of range'],
      ['99', 'out of range'],
    ]);
    expect(asked()).toBeLessThan(32);
  },
);

test('another failure is of all of them: nothing is halved', async () => {
  const away = new StoreError('retry', 'ECONNREFUSED', 'away');
  const { outbox, failed, asked } = outboxOf(100, () => away);
  await expect(takeAll(branch, outbox, () => false)).rejects.toBe(away);
  expect([failed.size, asked()]).toEqual([0, 1]);
});

test('one that is closed meanwhile leaves the rest', async () => {
  const { outbox, taken, failed, asked } = outboxOf(8, () => new StoreError('event', '22003', 'out of range'));
  expect(await takeAll(branch, outbox, () => asked() > 2)).toEqual({ delivered: 0, skipped: 0, failed: 0 });
  expect([taken, failed.size]).toEqual([[], 0]);
});
