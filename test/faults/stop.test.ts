import { expect, test, vi } from 'vitest';
import { PATIENCE, type Shop, shop } from './shop.ts';

const LONG = ['--visibility', '60s', '--max-messages', '40'];

/** Sends more than a worker takes at once while it knows no way to the database. */
async function cutOff(open: Shop): Promise<void> {
  await open.statements.door('refuse');
  open.statements.cutAll();
  await open.trade.send(20);
}

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s while statements are under way: what is held is committed and deleted, exit code 0, nothing is delivered again',
  { timeout: 120_000 },
  async (signal) => {
    const open = await shop({ pack: 20 });
    const { sql, trade, queue, database } = open;
    await trade.send(1);
    const worker = open.start([...LONG, '--grace', '30s']);
    await vi.waitFor(async () => expect(await open.left()).toBe(0), PATIENCE);
    const lock = await sql.reserve();
    await lock`begin`;
    await lock`lock table product_trade in share mode`;
    await trade.send(80);
    await vi.waitFor(async () => {
      const [row] = await sql`select count(*)::int as n from pg_stat_activity
        where datname = ${database.name} and application_name = 'scalestream' and wait_event_type = 'Lock'`;
      expect(row?.['n']).toBeGreaterThan(0);
      expect((await queue.counts()).inFlight).toBeGreaterThan(10);
    }, PATIENCE);
    worker.child.kill(signal);
    await lock`rollback`;
    lock.release();
    const ended = await worker.ended;
    expect(ended, ended.err).toMatchObject({ code: 0, signal: null });
    const half = await open.counted();
    expect(ended.json()).toMatchObject({ committed: half, duplicates: 0, redelivered: 0, released: 0, lost: 0 });
    expect(half).toBeLessThan(trade.sent.events);
    expect(await queue.counts()).toMatchObject({ inFlight: 0 });
    expect(await open.exact()).toMatchObject({
      committed: trade.sent.events - half,
      duplicates: 0,
      source: { redelivered: 0 },
    });
  },
);

test('a stop whose grace runs out while the database is away: what is held goes back at once, and the process ends', {
  timeout: 120_000,
}, async () => {
  const open = await shop({ pack: 20 });
  await open.trade.send(20);
  const worker = open.start([...LONG, '--grace', '2s']);
  await vi.waitFor(async () => expect(await open.left()).toBe(0), PATIENCE);
  await cutOff(open);
  await worker.said(/the database fails: receiving stopped/);
  worker.child.kill('SIGTERM');
  const ended = await worker.ended;
  expect(ended, ended.err).toMatchObject({ code: 0, signal: null });
  expect(Number(ended.json()['released'])).toBeGreaterThan(0);
  // Not in flight: nobody has to wait for the visibility timeout.
  expect(await open.queue.counts()).toMatchObject({ visible: 20, inFlight: 0 });
  expect(await open.exact()).toMatchObject({ committed: open.trade.sent.events / 2 });
});

test('a second signal ends a worker at once, which loses nothing', { timeout: 120_000 }, async () => {
  const open = await shop({ pack: 20 });
  await open.trade.send(20);
  const worker = open.start();
  await vi.waitFor(async () => expect(await open.left()).toBe(0), PATIENCE);
  await cutOff(open);
  await worker.said(/the database fails: receiving stopped/);
  worker.child.kill('SIGTERM');
  worker.child.kill('SIGINT');
  expect(await worker.ended).toMatchObject({ code: 130 });
  expect(await open.exact()).toMatchObject({ committed: open.trade.sent.events / 2 });
});
