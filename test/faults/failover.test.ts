import { expect, test, vi } from 'vitest';
import { PATIENCE, shop } from './shop.ts';

const hired = { visibilityTimeout: '60s', maxMessages: 50 } as const;

test('a writer that becomes read-only beneath a worker and leaves its connections open: they are given up for the new writer', {
  timeout: 120_000,
}, async () => {
  const open = await shop();
  const { sql, database, trade } = open;
  await trade.send(20);
  const { warnings, leave } = await open.hire(hired);
  await vi.waitFor(async () => expect(await open.left()).toBe(0), PATIENCE);
  // New sessions are read-only, those there were are ended: what a failover does.
  await sql.unsafe(`alter database ${database.name} set default_transaction_read_only = on`);
  await sql`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = 'scalestream'`;
  await trade.send(20);
  await vi.waitFor(() => expect(warnings.join()).toMatch(/the database fails: .*25006/), PATIENCE);
  // The writer is elsewhere now: only new connections lead to it.
  await sql`set default_transaction_read_only = off`;
  await sql.unsafe(`alter database ${database.name} set default_transaction_read_only = off`);
  await vi.waitFor(async () => expect(await open.left()).toBe(0), PATIENCE);
  expect(warnings.join()).toMatch(/the database is back: receiving again/);
  expect(await leave()).toMatchObject({ committed: trade.sent.events, source: { redelivered: 0 } });
  await open.exact();
});
