import { expect, test } from 'vitest';
import {
  acknowledge,
  count,
  decode,
  eventTable,
  exactDistinct,
  foldInto,
  json,
  pipeline,
  session,
  toTable,
  transaction,
  whenFinal,
  windowTable,
} from '../../src/index.ts';
import { testPipeline } from '../../src/testing/index.ts';
import { atOnce } from '../support/orders.ts';
import { z } from 'zod';

const Click = z.object({ id: z.string(), at: z.string(), user: z.string(), page: z.string() });
const clicks = eventTable('clicks', { schema: Click, id: (e) => e.id, time: (e) => e.at, keep: '1d', lateness: '2m' });
const visits = windowTable('visits', clicks, {
  window: session({ gap: '30m' }),
  key: { user: (e) => e.user },
  measures: { clicks: count(), pages: exactDistinct((e) => e.page) },
});
const graph = pipeline('clicks', [clicks, visits, whenFinal(visits, toTable('visits_final'))], ({ messages, store }) =>
  messages.pipe(
    decode(json(clicks)),
    transaction(store, { once: clicks, retry: atOnce }, (fresh$) => fresh$.pipe(foldInto(visits))),
    acknowledge(),
  ),
);
const click = (at: string, page = at, user = 'anna') => ({
  id: `${user} ${at}`,
  at: `2026-01-01T${at}:00Z`,
  user,
  page,
});

test('sessions in a test of a pipeline: they end a gap after their last event, and one that a late event joins to an earlier one is gone', async () => {
  const shop = testPipeline(graph, { startAt: '2026-01-01T10:20:00Z' });
  await shop.send(click('10:00'), click('10:20'), click('10:05', 'home', 'bert'));
  expect(shop.windows(visits)).toMatchObject([
    {
      user: 'anna',
      window_start: '2026-01-01T10:00:00.000Z',
      window_end: '2026-01-01T10:50:00.000Z',
      clicks: '2',
      state: 'open',
    },
    { user: 'bert', clicks: '1', pages: '1' },
  ]);
  await shop.advanceTo('2026-01-01T10:45:00Z');
  expect(shop.finals(visits)).toMatchObject([{ key: { user: 'bert' }, end: '2026-01-01T10:35:00.000000Z' }]);

  // Half an hour later, to the minute: another session.
  await shop.advanceTo('2026-01-01T10:51:00Z');
  await shop.send(click('10:50', '10:00'));
  await shop.advanceTo('2026-01-01T11:30:00Z');
  expect(shop.finals(visits).slice(1)).toMatchObject([
    { start: '2026-01-01T10:00:00.000000Z', revision: 1, revised: false, measures: { clicks: '2', pages: '2' } },
    { start: '2026-01-01T10:50:00.000000Z', revision: 1, revised: false, measures: { clicks: '1', pages: '1' } },
  ]);

  await shop.send(click('10:40'));
  await shop.advance('1m');
  expect(shop.windows(visits)[0]).toMatchObject({
    clicks: '4',
    pages: '3',
    state: 'revised',
    window_end: '2026-01-01T11:20:00.000Z',
  });
  const [kept, gone, ...others] = shop.finals(visits).slice(3);
  expect(others).toEqual([]);
  expect(kept).toMatchObject({
    start: '2026-01-01T10:00:00.000000Z',
    revision: 2,
    measures: { clicks: '4', pages: '3' },
  });
  expect(kept).not.toHaveProperty('removed');
  expect(gone).toMatchObject({
    start: '2026-01-01T10:50:00.000000Z',
    revision: 2,
    revised: true,
    removed: true,
    measures: { clicks: '1', pages: '1' },
  });
});
