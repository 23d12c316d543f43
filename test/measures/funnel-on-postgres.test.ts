import { expect, onTestFinished, test } from 'vitest';
import { together } from '../contracts/store-under-test.ts';
import { run } from '../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../support/postgres-place.ts';
import { MEASURES } from './every-measure.ts';
import { type Fact, fact, measured } from './facts.ts';

/** A database that holds these facts, and the funnel of their steps. */
async function funnelOf(given: readonly Partial<Fact>[]): Promise<PostgresPlace> {
  const place = await postgresPlace();
  onTestFinished(() => place.close());
  const { way } = MEASURES;
  const { graph } = measured({ ...(way && { way }) });
  const store = await place.open(graph);
  await run(graph, store, [together(given.map((each, i) => fact(i, each)))]);
  return place;
}

const read = (place: PostgresPlace) =>
  place.query('select way_view::int, way_cart::int, way_buy::int from measured_windows');

/** Counts the calls of what takes one step: the statistics of Postgres do not, where an aggregate calls. */
const COUNTED = `
create sequence taken minvalue 0 start 0;
create function counted_step(walk scalestream.funnel_walk, subject text, step bigint) returns scalestream.funnel_walk language sql as
  $$ select scalestream.funnel_step(walk, subject, step) from (select nextval('taken')) counted $$;
create or replace aggregate scalestream.funnel_walk(text, bigint) (sfunc = counted_step, stype = scalestream.funnel_walk)`;

test('the items of a funnel are walked through once, however many steps are read of them', async () => {
  const steps = ['view', 'cart', 'buy', 'view', 'buy'];
  const place = await funnelOf(steps.map((step, at) => ({ step, at })));
  await place.query(COUNTED);
  expect(await read(place)).toEqual([{ way_view: 1, way_cart: 1, way_buy: 1 }]);
  expect(await place.query('select last_value::int + 1 as calls from taken')).toEqual([{ calls: steps.length }]);
});

test('steps of one microsecond follow each other in the database too', async () => {
  const place = await funnelOf(['buy', 'cart', 'view'].map((step) => ({ step, at: 7 })));
  expect(await read(place)).toEqual([{ way_view: 1, way_cart: 1, way_buy: 1 }]);
});
