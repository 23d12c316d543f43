import { expect, inject, test } from 'vitest';
import { count, defineMeasure, distinct, funnel, type Measure, mean, quantiles, topK } from '../../src/index.ts';
import { checkMeasure } from '../../src/testing/index.ts';

interface Sale {
  readonly cents: number | null;
  readonly user: string;
}

const sales: Sale[] = [12, 18, 30, null, -6, 0].map((cents, i) => ({ cents, user: `u${i % 4}` }));
const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? (a < 0n ? -a : a) : gcd(b, a % b));

/** A measure of one part. */
const combined = (sql: (a: string, b: string) => string, of: (a: bigint, b: bigint) => bigint): Measure<Sale> =>
  defineMeasure({ kind: 'own', parts: { all: { type: 'bigint', of: (e: Sale) => e.cents, combine: { sql, of } } } });

test.each<[string, Measure<Sale>]>([
  ['count', count()],
  ['mean', mean((e) => e.cents)],
  ['distinct', distinct((e) => e.user)],
  ['quantiles', quantiles((e) => e.cents, { p: [0.5, 0.99] })],
  ['topK', topK((e) => e.user, { k: 2, by: (e) => e.cents })],
  ['funnel', funnel({ by: (e) => e.user, steps: { a: (e) => e.cents !== null, b: (e) => (e.cents ?? 0) > 12 } })],
  ['a greatest common divisor', combined((a, b) => `gcd(${a}, ${b})`, gcd)],
])('%s keeps the laws, in memory and in Postgres', async (_, measure) => {
  await checkMeasure(measure, sales, { database: inject('servers').databaseUrl });
});

test('a difference is found not to be commutative, with two values that show it', async () => {
  const check = checkMeasure(
    combined(
      (a, b) => `${a} - ${b}`,
      (a, b) => a - b,
    ),
    sales,
  );
  await expect(check).rejects.toThrow('a commutative combination; got of("12", "18") = "-6", of("18", "12") = "6"');
});

test('a mean of two is found not to be associative', async () => {
  const check = checkMeasure(
    combined(
      (a, b) => `(${a} + ${b}) / 2`,
      (a, b) => (a + b) / 2n,
    ),
    sales,
  );
  await expect(check).rejects.toThrow('an associative combination; got of(of("12", "12"), "18") = "15"');
});

test('a measure that reads chance, or the order of its items, is found', async () => {
  let n = 0;
  const chance = defineMeasure({
    kind: 'own',
    parts: { n: { type: 'bigint', of: () => n++, combine: 'sum' } },
  });
  await expect(checkMeasure(chance, sales)).rejects.toThrow('the same of the same event');
  const users = distinct((e: Sale) => e.user);
  const reading = {
    suffix: '',
    type: 'text',
    sql: () => `''`,
    of: (_: unknown, [item]: readonly object[]) => JSON.stringify(item),
  } as const;
  await expect(checkMeasure({ ...users, readings: [reading] }, sales)).rejects.toThrow(
    'the same in any split, merged in any order',
  );
});

test('SQL that says something else than JavaScript is found, and so is what only JavaScript can do', async () => {
  const database = inject('servers').databaseUrl;
  const other = combined((a, b) => `greatest(${a}, ${b})`, gcd);
  await expect(checkMeasure(other, sales, { database })).rejects.toThrow(
    'the same in SQL and in JavaScript; got in SQL {"measure":"30"}, in JavaScript {"measure":"6"}',
  );
  const none = combined((a, b) => `nothing(${a}, ${b})`, gcd);
  await expect(checkMeasure(none, sales, { database })).rejects.toThrow(
    /function nothing\(bigint, bigint\) does not exist/,
  );
});

test('a sample that it cannot take is named', async () => {
  const measure = defineMeasure({
    kind: 'own',
    parts: { n: { type: 'bigint', of: (e: Sale) => e.user, combine: 'sum' } },
  });
  await expect(checkMeasure(measure, sales)).rejects.toThrow("own n: expected a bigint; got 'u0'");
});
