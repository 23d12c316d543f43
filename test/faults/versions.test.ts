import { expect, test, vi } from 'vitest';
import { command, scalestream } from '../support/e2e-command.ts';
import { PATIENCE, PIPELINE, shop } from './shop.ts';

const OLDER = 'test/faults/older-storefront.ts';
const FLAGS = ['--visibility', '2s', '--json'];
const FENCED = /pipeline 'storefront': expected version \w+; got version \w+ in the database\. Fix: .*deploy it again/;

test('a worker of an older version ends once a newer one is deployed: with the reason, and without deleting anything; the newer one is exact', {
  timeout: 120_000,
}, async () => {
  const open = await shop({ pack: 20 });
  const { trade, proxied, calls } = open;
  await trade.send(20);
  const older = command(['run', OLDER, ...FLAGS], proxied);
  await vi.waitFor(async () => expect(await open.left()).toBe(0), PATIENCE);
  const before = await open.counted();
  expect(before).toBe(trade.sent.events);

  expect(await scalestream(['migrate', PIPELINE], open.env)).toMatchObject({ code: 0 });
  const deletes = calls.of('DeleteMessageBatch').length;
  await trade.send(20);
  const ended = await older.ended;
  expect(ended.code).toBe(1);
  expect(ended.err).toMatch(FENCED);
  const again = await scalestream(['run', OLDER, '--no-migrate', ...FLAGS], proxied);
  expect(again.code).toBe(78);
  expect(again.err).toMatch(/expected version \w+; got version \w+ in the database/);
  expect(calls.of('DeleteMessageBatch')).toHaveLength(deletes);
  expect([await open.counted(), await open.left()]).toEqual([before, 20]);
  expect(await open.exact()).toMatchObject({ committed: trade.sent.events - before, duplicates: 0 });
});
