import { expect, test } from 'vitest';
import { ConfigError, money } from '../../src/index.ts';
import { windowTableDdl } from '../../src/sinks/postgres/ddl.ts';
import { type Fact, fact, measured, readOf } from './facts.ts';

const amount = (e: Fact) => e.value;

test('amounts of one currency are summed up to the cent, and the column says which it is', async () => {
  const given = ['0.10', 0.2, null, 7].map((value, i) => fact(i, { value }));
  const measure = money(amount, { currency: 'EUR' });
  expect(await readOf(measure, given)).toEqual({ m: '7.3', rejects: [] });
  expect(windowTableDdl(measured({ m: measure }).table)).toContain(`comment on column "measured"."m" is 'EUR'`);
});

test('currencies of events are never added up: a total for each', async () => {
  const given = [
    fact(1, { value: '12.50' }),
    fact(2, { value: 3, currency: 'USD' }),
    fact(3, { value: null, currency: 'none' }),
  ];
  const measure = money(amount, { currency: (e: Fact) => e.currency });
  expect(await readOf(measure, given)).toEqual({ m: '{"EUR": 12.5, "USD": 3}', rejects: [] });
  expect(await readOf(measure, [fact(1, { value: null })])).toEqual({ m: '{}', rejects: [] });
});

test.each(['eur', 'EURO', ''])('an amount of currency %j makes its event a reject', async (currency) => {
  expect(await readOf(money(amount, { currency: (e) => e.currency }), [fact(1, { currency })])).toEqual({
    rejects: [`unfoldable: money: expected a currency of three capital letters; got '${currency}'`],
  });
  expect(() => money(amount, { currency })).toThrow(ConfigError);
});
