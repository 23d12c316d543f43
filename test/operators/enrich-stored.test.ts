import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { snapshot, verify } from '../../src/index.ts';
import { lookupOf } from '../../src/testing/index.ts';
import { memoryPlace } from '../support/memory-place.ts';
import { apiece, type StoreUnderTest } from '../contracts/store-under-test.ts';
import { type Campaign, campaignSales, type Keeps, sale } from '../support/campaign-sales.ts';
import { run } from '../support/orders.ts';
import { postgresPlace } from '../support/postgres-place.ts';

type Known = Readonly<Record<string, Campaign>>;

const MAIL: Known = { c1: { channel: 'mail' } };
const SHOP: Known = { c1: { channel: 'shop' } };
const NOTHING: Known = {};

describe.each<[string, () => Promise<StoreUnderTest>]>([
  ['memory', memoryPlace],
  ['postgres', postgresPlace],
])('what was answered is stored with the event (%s)', (_, make) => {
  let place: StoreUnderTest;
  beforeEach(async () => {
    place = await make();
  });
  afterEach(() => place.close());

  const rows = async () =>
    (await place.windows(campaignSales(lookupOf(MAIL)).channels)).map((row) => [row['channel'], row['sales']]);

  test.each<[string, Known, Known, string, Keeps]>([
    ['another answer', MAIL, SHOP, 'mail', 'forever'],
    ['no answer any more, so that it is as it arrived', MAIL, NOTHING, 'mail', 'forever'],
    ['an answer now, after none', NOTHING, MAIL, '(none)', 'forever'],
    ['another answer, where ids only are kept', MAIL, SHOP, 'mail', { ids: '36500d' }],
    ['no answer any more, where ids only are kept', MAIL, NOTHING, 'mail', { ids: '36500d' }],
    ['an answer now, where ids only are kept', NOTHING, MAIL, '(none)', { ids: '36500d' }],
  ])(
    'an event that comes again with %s is a repeat, and no conflict: the first answer stays',
    async (_, first, then, stays, keep) => {
      const before = campaignSales(lookupOf(first), {}, keep).pipeline;
      const store = await place.open(before);
      const sent = () => [apiece([sale('a'), sale('b', null)])];
      expect(await run(before, store, sent())).toMatchObject({ committed: 2, rejected: 0 });
      const after = campaignSales(lookupOf(then), {}, keep).pipeline;
      expect(await run(after, store, sent())).toMatchObject({ committed: 0, duplicates: 2, rejected: 0 });
      expect(await place.rejects()).toEqual([]);
      expect(await rows()).toEqual(
        stays === '(none)'
          ? [['(none)', '2']]
          : [
              ['(none)', '1'],
              [stays, '1'],
            ],
      );
    },
  );

  test('an event of which nothing is known is kept as it arrived, once, and counts when it is sent again and found', async () => {
    const unknown = campaignSales(lookupOf(NOTHING), { missing: 'reject' }).pipeline;
    const store = await place.open(unknown);
    const sent = apiece([sale('a')]);
    expect(await run(unknown, store, [sent])).toMatchObject({ committed: 0, rejected: 1 });
    expect(await run(unknown, store, [sent])).toMatchObject({ committed: 0, rejected: 0, duplicates: 1 });
    expect(await place.rejects()).toMatchObject([{ reason: 'not-found', body: JSON.stringify(sale('a')) }]);
    const known = campaignSales(lookupOf(MAIL), { missing: 'reject' }).pipeline;
    expect(await run(known, store, [sent])).toMatchObject({ committed: 1, rejected: 0 });
    expect(await rows()).toEqual([['mail', '1']]);
  });
});

test('verify asks nobody: what was answered is read from the raw events, whatever is known now', async () => {
  const place = await postgresPlace();
  const { pipeline } = campaignSales(lookupOf(MAIL));
  const store = await place.open(pipeline);
  await run(pipeline, store, [apiece([sale('a'), sale('b'), sale('c', 'c2')])]);
  const elsewhere = lookupOf(SHOP);
  const now = campaignSales(elsewhere).pipeline;
  expect(await snapshot(place.url, now, (view) => verify(now, view))).toMatchObject({
    equal: true,
    events: 3,
    windows: 2,
  });
  expect(elsewhere.asked).toEqual([]);
  expect(await place.query(`select event_id, event ->> 'channel' as channel from sales order by 1`)).toEqual([
    { event_id: 'a', channel: 'mail' },
    { event_id: 'b', channel: 'mail' },
    { event_id: 'c', channel: null },
  ]);
  await place.close();
});
