import { expect, onTestFinished, test } from 'vitest';
import { ConfigError, count, money, quantiles } from '../../src/index.ts';
import { postgresPlace } from '../support/postgres-place.ts';
import { type Fact, fact, measured, readOf } from './facts.ts';

const amount = (e: Fact) => e.value;

test('amounts of one currency are summed up to the cent', async () => {
  const given = ['0.10', 0.2, null, 7].map((value, i) => fact(i, { value }));
  expect(await readOf(money(amount, { currency: 'EUR' }), given)).toEqual({ m: '7.3', rejects: [] });
});

test('columns say their unit, in the table and in the view: the currency, and what was declared of others', async () => {
  const place = await postgresPlace();
  onTestFinished(() => place.close());
  const { graph } = measured({
    euros: money(amount, { currency: 'EUR' }),
    height: quantiles(amount, { p: [0.5], unit: 'm' }),
    facts: count(),
  });
  await place.open(graph);
  const said =
    await place.query(`select attrelid::regclass::text as relation, attname as name, col_description(attrelid, attnum) as unit
    from pg_attribute where attrelid in ('measured'::regclass, 'measured_windows'::regclass) and col_description(attrelid, attnum) is not null order by 1, 2`);
  expect(said).toEqual([
    { relation: 'measured', name: 'euros', unit: 'EUR' },
    { relation: 'measured_windows', name: 'euros', unit: 'EUR' },
    { relation: 'measured_windows', name: 'height_p50', unit: 'm' },
  ]);
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
    rejects: [`unfoldable: measure 'm': money: expected a currency of three capital letters; got '${currency}'`],
  });
  expect(() => money(amount, { currency })).toThrow(ConfigError);
});
