import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { order, orderPipeline, orders, run, trade } from '../support/orders.ts';
import { balances, banking, idOf, OWNER, payment, payments } from './payments.ts';
import { apiece, type StoreUnderTest, together } from './store-under-test.ts';

/** Which ids, times and keys are the same: what Postgres says, whatever the store. */
export function equalityContract(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} tells events and windows apart as Postgres does`, () => {
    let place: StoreUnderTest;
    beforeEach(async () => {
      place = await make();
    });
    afterEach(() => place.close());

    test('an id twice in one batch counts once', async () => {
      const store = await place.open(banking);
      const totals = await run(banking, store, [[...together([payment(1), payment(1)]), ...apiece([payment(1)])]]);
      expect(totals).toMatchObject({ committed: 1, duplicates: 2 });
      expect(await place.windows(balances)).toMatchObject([{ payments: '1' }]);
    });

    test('the same id at two times is two events', async () => {
      const store = await place.open(banking);
      await run(banking, store, [together([payment(1), payment(1, { at: '2026-01-01T00:00:00.000001Z' })])]);
      expect(await place.events(payments)).toBe(2);
    });

    test('uuid ids that differ in case are one event', async () => {
      const store = await place.open(banking);
      const [lower, upper] = [payment(0xabc), payment(0xabc, { id: idOf(0xabc).toUpperCase() })];
      await run(banking, store, [together([lower, upper]), together([upper])]);
      expect(await place.events(payments)).toBe(1);
      expect(await place.windows(balances)).toMatchObject([{ payments: '1' }]);
    });

    test('text ids that differ in case, or in spaces, are two events', async () => {
      const store = await place.open(orderPipeline());
      const ids = ['x', 'X', ' x', 'x ', 'ẍ', 'x\u0308'];
      await run(orderPipeline(), store, [together(ids.map((id) => order(id)))]);
      expect(await place.events(orders)).toBe(ids.length);
    });

    test('text ids may hold whatever text holds', async () => {
      const store = await place.open(orderPipeline());
      const ids = ['"', '\\', '\\"', '{}', '{a,b}', ',', 'NULL', 'null', "'", '\n', '\t', '\u001e', '😀', '$1', '%'];
      const values = ids.map((id) => order(id));
      await run(orderPipeline(), store, [together(values), together(values)]);
      expect(await place.events(orders)).toBe(ids.length);
      expect(await place.windows(trade)).toMatchObject([{ orders: String(ids.length) }]);
    });

    test('times that differ below a microsecond are one event', async () => {
      const store = await place.open(banking);
      const at = (fraction: string): string => `2026-01-01T00:00:00.${fraction}Z`;
      const close = ['0000001', '000000100', '0000004', '000000'].map((fraction) => payment(1, { at: at(fraction) }));
      await run(banking, store, [together(close), ...close.map((one) => together([one]))]);
      expect(await place.events(payments)).toBe(1);
    });

    test('keys may hold whatever text holds, and stay apart', async () => {
      const store = await place.open(banking);
      const keys = ['', ' ', 'NULL', 'null', '"', '\\', 'a,b', '{a}', "'", '\n', 'é', 'e\u0301', '😀', 'A', 'a', '%s'];
      const values = keys.map((account, n) => payment(n, { account, amount: n }));
      await run(banking, store, [together(values), apiece(values)]);
      const rows = await place.windows(balances);
      expect(Object.fromEntries(rows.map((row) => [row['account'], row['total']]))).toEqual(
        Object.fromEntries(keys.map((key, n) => [key, String(n)])),
      );
    });

    test('keys that Postgres compares as equal are one window', async () => {
      const store = await place.open(banking);
      const values = [
        payment(1, { branch: 7, owner: OWNER }),
        payment(2, { branch: '7', owner: OWNER.toUpperCase() }),
        payment(3, { branch: '0007', owner: OWNER.replaceAll('-', '') }),
      ];
      await run(banking, store, [together(values)]);
      expect(await place.windows(balances)).toMatchObject([{ branch: '7', owner: OWNER, payments: '3' }]);
    });
  });
}
