import { expect, onTestFinished, test } from 'vitest';
import { distinct } from '../../src/index.ts';
import type { ItemRow } from '../../src/measure.ts';
import { unitsOf } from '../../src/measures/distinct.ts';
import { postgresPlace } from '../support/postgres-place.ts';
import { type Fact, fact, readOf } from './facts.ts';

const measure = distinct((e: string | null) => e);
const AT = { id: '', time: 0 };

/** The sketch of what is added to it, as rows of items. */
function sketch() {
  const words = new Map<number, Set<string>>();
  const keep = ([word]: readonly (string | number)[], bits: unknown): void => {
    const set = words.get(word as number);
    if (set) set.add(bits as string);
    else words.set(word as number, new Set([bits as string]));
  };
  return {
    add: (value: string) => measure.items?.each(value, AT, keep),
    rows: words,
    items: (): ItemRow[] => itemsOf(words),
    read: (): number => Number(measure.readings[0]?.of({}, itemsOf(words))),
  };
}

/** Different bits of a word: their sum is their OR. */
const itemsOf = (words: ReadonlyMap<number, ReadonlySet<string>>): ItemRow[] =>
  [...words].map(([word, set]) => {
    const bits = [...set].reduce((sum, bit) => sum + BigInt.asUintN(64, BigInt(bit)), 0n);
    return { word: String(word), bits: String(BigInt.asIntN(64, bits)) };
  });

test('nobody is 0 and one is 1; null is nobody, and repeats are the same', async () => {
  const of = (...users: (string | null)[]) =>
    readOf(
      distinct((e: Fact) => e.user),
      users.map((user, i) => fact(i, { user })),
    );
  expect(await of(null)).toEqual({ m: '0', rejects: [] });
  expect(await of('a', null, 'a')).toEqual({ m: '1', rejects: [] });
  expect(await of('a', 'b', 'ü', 'b')).toEqual({ m: '3', rejects: [] });
});

test('from 1 to 2,000,000 values the error is below 3 %, up to 100 below 2; no more than 2,700 rows are made', {
  timeout: 240_000,
}, () => {
  const { add, read, rows } = sketch();
  const errors: number[] = [];
  let next = 1;
  for (let n = 1; n <= 2_000_000; n++) {
    add(`visitor ${n}`);
    if (n < next) continue;
    const error = Math.abs(read() - n);
    if (n <= 100) expect(error, `of ${n}`).toBeLessThanOrEqual(2);
    errors.push(error / n);
    next = Math.ceil(n * 1.07);
  }
  expect(Math.max(...errors)).toBeLessThan(0.03);
  expect(errors.length).toBeGreaterThan(160);
  expect(rows.size).toBeLessThan(2_700);
});

test.each([1_000, 20_000, 60_000])(
  'the standard error of %i values is below 0.009, and none of 30 sketches is 3 in 100 off',
  { timeout: 60_000 },
  (n) => {
    const errors = Array.from({ length: 30 }, (_, run) => {
      const { add, read } = sketch();
      for (let i = 0; i < n; i++) add(`run ${run}, ${i}`);
      return read() / n - 1;
    });
    expect(Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length)).toBeLessThan(0.009);
    expect(Math.max(...errors.map(Math.abs))).toBeLessThan(0.03);
  },
);

test('no level is so near a half that another logarithm would round it otherwise', () => {
  for (let set = 1; set < 8_192; set++) {
    const exact = -8_192 * 1_024 * Math.log((8_192 - set) / 8_192);
    expect(unitsOf(set)).toBe(Math.floor(exact));
    expect(Math.abs(exact - Math.round(exact))).toBeGreaterThan(1e-6);
  }
});

test('SQL and JavaScript estimate the same: of sketches small and large, of saturated levels, of every fill of one', {
  timeout: 60_000,
}, async () => {
  const place = await postgresPlace();
  onTestFinished(() => place.close());
  await place.query(`create schema scalestream; ${measure.functions?.join('')}`);
  const inSql = async (items: readonly ItemRow[]): Promise<string | undefined> => {
    const [word, bits] = ['word', 'bits'].map((name) => `'{${items.map((item) => item[name]).join(',')}}'::bigint[]`);
    const [row] = await place.query<{ n: string }>(`select scalestream.distinct_of(${word}, ${bits})::text as n`);
    return row?.n;
  };
  const { add, items } = sketch();
  let n = 0;
  for (const until of [0, 1, 1_000, 22_000, 24_000, 100_000, 200_000]) {
    for (; n < until; n++) add(`${n}`);
    expect(await inSql(items()), `${n} values`).toBe(measure.readings[0]?.of({}, items()));
  }
  const full = (levels: number): ItemRow[] =>
    Array.from({ length: levels * 128 }, (_, word) => ({ word: String(word), bits: '-1' }));
  for (const levels of [1, 2, 20, 31]) {
    const given = [...full(levels), { word: String(levels * 128), bits: '7' }];
    expect(await inSql(given), `${levels} full levels`).toBe(measure.readings[0]?.of({}, given));
  }
  // up to a level's last word of which enough is set, and one more
  for (const bits of ['0', '1', '3']) {
    const given = [...full(1).slice(0, 120), { word: '120', bits }, { word: '128', bits: '7' }];
    expect(await inSql(given), `7680 bits and ${bits}`).toBe(measure.readings[0]?.of({}, given));
  }
  const [fills] = await place.query<{ units: string }>(
    `select string_agg(floor(-8388608 * ln((8192 - s::float8) / 8192))::text, ' ' order by s) as units from generate_series(1, 8191) as s`,
  );
  expect(fills?.units.split(' ')).toEqual(Array.from({ length: 8_191 }, (_, i) => String(unitsOf(i + 1))));
});
