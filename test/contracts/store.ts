import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { memoryStore } from '../../src/index.ts';
import { message, SENT_AT } from '../support/message.ts';
import { order, orderPipeline, orders, run, trade } from '../support/orders.ts';
import { balances, banking, payment, payments, till } from './payments.ts';
import { shuffled } from './shuffled.ts';
import { type StoreUnderTest, together } from './store-under-test.ts';

const DAY = 86_400_000;

const byText = (rows: readonly Record<string, unknown>[]): string[] => rows.map((row) => JSON.stringify(row)).sort();

/** What every store must do. Run it on each implementation. */
export function storeContract(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} keeps the store contract`, () => {
    let place: StoreUnderTest;
    beforeEach(async () => {
      place = await make();
    });
    afterEach(() => place.close());

    test('an event counts once, in one window, however often it is delivered', async () => {
      const store = await place.open(banking);
      const first = together([payment(1, { amount: 5 }), payment(2, { amount: 7, cash: true })]);
      expect(await run(banking, store, [first])).toMatchObject({ committed: 2, duplicates: 0, rejected: 0 });
      expect(await run(banking, store, [first, first])).toMatchObject({ committed: 0, duplicates: 4, windows: 0 });
      expect(await place.events(payments)).toBe(2);
      expect((await place.windows(balances)).map((row) => [row['cash'], row['payments'], row['total']])).toEqual([
        ['false', '1', '5'],
        ['true', '1', '7'],
      ]);
      expect(await place.windows(till)).toEqual([{ window_start: '2026-01-01T00:00:00.000Z', total: '7' }]);
    });

    test('a batch of old and new events counts the new ones', async () => {
      const store = await place.open(banking);
      await run(banking, store, [together([payment(1), payment(2)])]);
      const totals = await run(banking, store, [together([payment(2), payment(3), payment(1)])]);
      expect(totals).toMatchObject({ committed: 1, duplicates: 2, windows: 0 });
      expect(await place.windows(balances)).toMatchObject([{ payments: '3', total: '3' }]);
    });

    test('sums are exact: decimals, and beyond 2^53', async () => {
      const store = await place.open(banking);
      const amounts = ['0.1', '0.2', '9007199254740993', '0.000000000000000000001', '-9007199254740992'];
      await run(
        banking,
        store,
        amounts.map((amount, n) => together([payment(n, { amount })])),
      );
      expect(await place.windows(balances)).toMatchObject([
        {
          total: '1.300000000000000000001',
          mean_count: '5',
          least: '-9007199254740992',
          most: '9007199254740993',
          large: '1',
        },
      ]);
    });

    test('where nothing contributed, sums are 0, least and most and mean are null', async () => {
      const store = await place.open(banking);
      await run(banking, store, [together([payment(1, { amount: null })])]);
      const nothing = {
        payments: '1',
        large: '0',
        total: '0',
        least: null,
        most: null,
        mean_sum: '0',
        mean_count: '0',
      };
      expect(await place.windows(balances)).toMatchObject([nothing]);
      await run(banking, store, [together([payment(2, { amount: -3 })]), together([payment(3, { amount: null })])]);
      const one = { payments: '3', total: '-3', least: '-3', most: '-3', mean_sum: '-3', mean_count: '1' };
      expect(await place.windows(balances)).toMatchObject([one]);
    });

    test('a reject is kept once: redelivered, it is the same; its siblings count', async () => {
      const store = await place.open(orderPipeline());
      const bad = message(`[${JSON.stringify(order('good'))},{"id":"bad","at":"never"},7]`);
      expect(await run(orderPipeline(), store, [[bad]])).toMatchObject({ committed: 1, rejected: 2 });
      expect(await run(orderPipeline(), store, [[bad]])).toMatchObject({ committed: 0, rejected: 0, duplicates: 3 });
      expect((await place.rejects()).map(({ reason, body, ordinal }) => [reason, body, ordinal])).toEqual([
        ['schema', '{"id":"bad","at":"never"}', 1],
        ['schema', '7', 2],
      ]);
    });

    test('a reject that names its event is the same when it is sent again; one that does not is another', async () => {
      const store = await place.open(orderPipeline());
      const body = '[{"id":"bad","at":"never"},7]';
      await run(orderPipeline(), store, [[message(body), message(body)], [message(body)]]);
      expect((await place.rejects()).map((reject) => reject.body).sort()).toEqual([
        '7',
        '7',
        '7',
        '{"id":"bad","at":"never"}',
      ]);
    });

    test('a reject may hold what text in a database may not', async () => {
      const store = await place.open(orderPipeline());
      const body = 'NUL \0, \u0001, 😀, quote \' " \\ and 0x00: \\u0000';
      await run(orderPipeline(), store, [[message(body)]]);
      expect(await place.rejects()).toMatchObject([{ reason: 'not-json', body, ordinal: 0 }]);
    });

    test('an event whose key is unfit is a reject and counts nowhere', async () => {
      const store = await place.open(orderPipeline());
      await run(orderPipeline(), store, [together([order('fit'), order('unfit', { product: null })])]);
      expect(await place.events(orders)).toBe(1);
      expect(await place.rejects()).toMatchObject([
        { reason: 'unfoldable', body: JSON.stringify(order('unfit', { product: null })) },
      ]);
    });

    test('behind the horizon nothing counts: such events are rejects, also for a worker that did not know yet', async () => {
      const [ahead, behind] = [await place.open(orderPipeline(), 'one'), await place.open(orderPipeline(), 'two')];
      await run(orderPipeline(), behind, [together([order('before', { at: -3 * DAY })])]);
      await place.moveHorizon(orders, SENT_AT - DAY);
      const late = [order('old', { at: -DAY - 1 }), order('edge', { at: -DAY }), order('young', { at: 1 - DAY })];
      expect(await run(orderPipeline(), behind, [together(late)])).toMatchObject({ committed: 2, rejected: 1 });
      expect(await run(orderPipeline(), ahead, [together(late)])).toMatchObject({ committed: 0, rejected: 0 });
      expect(await place.rejects()).toMatchObject([{ reason: 'too-old', body: JSON.stringify(late[0]) }]);
    });

    test('events of many days, brought by several workers at once, all count', async () => {
      const stores = await Promise.all(['a', 'b', 'c', 'd'].map((worker) => place.open(orderPipeline(), worker)));
      const values = Array.from({ length: 24 }, (_, n) => order(`${n}`, { at: -n * 3 * DAY }));
      await Promise.all(
        stores.map((store, n) =>
          run(
            orderPipeline(),
            store,
            shuffled(values, n + 1).map((one) => together([one])),
          ),
        ),
      );
      expect(await place.events(orders)).toBe(values.length);
      expect(await place.windows(trade)).toHaveLength(values.length);
    });

    test('four workers with overlapping batches in any order count each event once', async () => {
      const values = Array.from({ length: 240 }, (_, n) =>
        payment(n, {
          at: SENT_AT + (n % 11) * 17_000,
          account: `account ${n % 13}`,
          cash: n % 3 === 0,
          amount: `${n}.${n % 10}`,
        }),
      );
      const expected = memoryStore(banking);
      await run(banking, expected, [together(values)]);
      const stores = await Promise.all(['a', 'b', 'c', 'd'].map((worker) => place.open(banking, worker)));
      const totals = await Promise.all(
        stores.map((store, worker) =>
          run(
            banking,
            store,
            Array.from({ length: 6 }, (_, round) => together(shuffled(values, worker * 10 + round))),
          ),
        ),
      );
      expect(totals.reduce((sum, { committed }) => sum + committed, 0)).toBe(values.length);
      expect(byText(await place.windows(balances))).toEqual(byText(expected.rows(balances.name)));
      expect(byText(await place.windows(till))).toEqual(byText(expected.rows(till.name)));
    });
  });
}
