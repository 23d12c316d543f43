import { expect, onTestFinished, test } from 'vitest';
import { snapshot, verify } from '../../src/index.ts';
import { together } from '../contracts/store-under-test.ts';
import { fact, facts, START } from '../measures/facts.ts';
import { run } from '../support/orders.ts';
import { postgresPlace } from '../support/postgres-place.ts';
import { GAP_MS, visits } from './some-sessions.ts';

async function placeOf(...seconds: readonly number[]) {
  const place = await postgresPlace();
  onTestFinished(() => place.close());
  const store = await place.open(visits.graph);
  await run(visits.graph, store, [together(seconds.map((second) => fact(second, { at: second * 1_000 })))]);
  const found: unknown[] = [];
  const check = async () => {
    found.length = 0;
    const result = await snapshot(place.url, visits.graph, (view) =>
      verify(visits.graph, view, (each) => found.push(each)),
    );
    return { ...result, found };
  };
  return { place, check };
}

test('a session that lost its first events with what is no longer kept is not compared; the next one is', async () => {
  // The first goes on beyond the horizon, at 10; the second begins a gap after it.
  const { place, check } = await placeOf(4, 8, 12, 16, 30);
  await place.moveHorizon(facts, START + 10_000);
  await place.query(`delete from facts where event_time < to_timestamp(${(START + 10_000) / 1_000})`);
  expect(await check()).toMatchObject({ equal: true, events: 3, windows: 1 });
  await place.query(`update measured set facts = 7`);
  expect(await check()).toMatchObject({
    equal: false,
    differing: 1,
    found: [{ window_start: '2026-01-01T00:00:30.000Z' }],
  });
});

test('a session that begins a whole gap after the horizon is compared, and one a moment earlier is not', async () => {
  const { place, check } = await placeOf(0, 10);
  await place.moveHorizon(facts, START + 10_000 - GAP_MS);
  expect(await check()).toMatchObject({ equal: true, windows: 1 });
  await place.moveHorizon(facts, START + 10_000 - GAP_MS + 1);
  expect(await check()).toMatchObject({ equal: true, windows: 0 });
});

test('the end of a session is compared as well', async () => {
  const { place, check } = await placeOf(0, 4);
  await place.query(`update measured set window_end = window_end + interval '1 microsecond'`);
  expect(await check()).toMatchObject({
    equal: false,
    found: [{ expected: { window_end: '2026-01-01T00:00:09.000Z', facts: '2' } }],
  });
});
