import { expect, test, vi } from 'vitest';
import { PATIENCE, shop } from './shop.ts';

const MESSAGES = 20;

test('a worker frozen for longer than the visibility timeout finds, when it wakes up, that another has counted what it holds', {
  timeout: 120_000,
}, async () => {
  const open = await shop({ pack: 20 });
  const { trade, statements, calls, database } = open;
  await trade.send(1);
  const frozen = open.start(['--max-messages', '40']);
  await vi.waitFor(async () => expect(await open.left()).toBe(0), PATIENCE);
  // It holds what it received and knows no way to the database.
  await statements.door('ignore');
  statements.cutAll();
  const before = await open.counted();
  await trade.send(MESSAGES);
  await vi.waitFor(async () => expect((await open.queue.counts()).visible).toBe(0), PATIENCE);
  frozen.child.kill('SIGSTOP');

  const other = await open.hire({ databaseUrl: database.url });
  await vi.waitFor(async () => expect(await open.left()).toBe(0), PATIENCE);
  expect(await open.counted()).toBe(trade.sent.events);
  const { committed, source } = await other.leave();
  expect(committed).toBe(trade.sent.events - before);
  expect(source.redelivered).toBeGreaterThan(0);

  const deletes = calls.of('DeleteMessageBatch').length;
  await statements.door('open');
  statements.cutAll();
  frozen.child.kill('SIGCONT');
  await calls.arrived('DeleteMessageBatch', deletes + 1);
  const did = await open.end(frozen);
  expect(did).toMatchObject({ committed: before, rejected: 0 });
  expect(Number(did['duplicates'])).toBeGreaterThan(0);
  await open.exact();
});
