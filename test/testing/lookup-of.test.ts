import { expect, test } from 'vitest';
import { LookupError, type Lookup } from '../../src/index.ts';
import { crash, duplicate, lookupOf, stall, testPipeline } from '../../src/testing/index.ts';
import { type Campaign, campaignSales, sale } from '../support/campaign-sales.ts';

const row = (channel: string, sales: number) => ({ channel, sales: String(sales) });

test('a pipeline that enriches is tested with a look-up of an object, whatever happens to its workers', async () => {
  const campaigns = lookupOf<Campaign>({ c1: { channel: 'mail' } }, 'campaigns');
  const { pipeline, channels } = campaignSales(campaigns);
  const shop = testPipeline(pipeline);
  await shop.send(duplicate(sale('a')), crash(), [sale('b'), sale('c', 'c2')], stall('90s'), sale('d', null));
  expect(shop.windows(channels)).toMatchObject([row('(none)', 2), row('mail', 2)]);
  expect(shop.rejects()).toEqual([]);
  expect(campaigns.asked.every((keys) => new Set(keys).size === keys.length)).toBe(true);
});

test('what is put into its map while time passes is found', async () => {
  const known = new Map<string, Campaign>();
  const { pipeline, channels } = campaignSales(lookupOf(known), { missing: 'wait' });
  const shop = testPipeline(pipeline);
  const sent = shop.send(sale('a'));
  known.set('c1', { channel: 'mail' });
  await sent;
  expect(shop.windows(channels)).toMatchObject([row('mail', 1)]);
});

test('what never comes is a reject after the patience, in virtual time', async () => {
  const { pipeline } = campaignSales(lookupOf({}), { missing: 'wait', patience: '10m' });
  const shop = testPipeline(pipeline);
  const from = shop.now();
  await shop.send(sale('a'));
  expect(shop.rejects()).toMatchObject([
    { reason: 'not-found', stage: 'enrich test', detail: expect.stringContaining('10m') },
  ]);
  expect(shop.now() - from).toBeGreaterThanOrEqual(600_000);
});

test('a look-up that is down for an hour loses nothing', async () => {
  let questions = 0;
  const until = Date.UTC(2026, 0, 1, 1);
  let now = (): number => 0;
  const flaky: Lookup<Campaign> = {
    name: 'crm',
    open: () => ({
      async find(keys) {
        questions++;
        if (now() < until) throw new LookupError('retry', '503', "look-up 'crm': HTTP 503");
        return new Map(keys.map((key) => [key, { channel: 'mail' }]));
      },
    }),
  };
  const { pipeline, channels } = campaignSales(flaky);
  const shop = testPipeline(pipeline);
  ({ now } = shop);
  await shop.send(sale('a'), sale('b'), sale('c'));
  expect(shop.windows(channels)).toMatchObject([row('mail', 3)]);
  expect(questions).toBeGreaterThan(100);
  expect(questions).toBeLessThan(1_000);
});

test('a look-up that fails for good ends the pipeline with its error, and nothing is acknowledged', async () => {
  const refusing: Lookup<Campaign> = {
    name: 'crm',
    open: () => ({ find: () => Promise.reject(new LookupError('fatal', '403', "look-up 'crm': HTTP 403")) }),
  };
  const shop = testPipeline(campaignSales(refusing).pipeline);
  await expect(shop.send(sale('a'))).rejects.toThrow("look-up 'crm': HTTP 403");
  expect(shop.events()).toBe(0);
});

test('members that every object has are not found in it', async () => {
  const { find } = lookupOf({ a: 1 }).open();
  const answer = await find(['a', 'constructor', '__proto__', 'toString'], new AbortController().signal);
  expect(answer).toEqual(new Map([['a', 1]]));
});
