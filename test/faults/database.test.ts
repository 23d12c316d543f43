import { expect, test, vi } from 'vitest';
import { PATIENCE, type Shop, shop } from './shop.ts';

const MESSAGES = 20;
const LONG = { visibilityTimeout: '60s', maxMessages: 50 } as const;

const drained = (open: Shop) => vi.waitFor(async () => expect(await open.left()).toBe(0), PATIENCE);
const endSessions = ({ sql }: Shop) => sql`select pg_terminate_backend(pid) from pg_stat_activity
  where datname = current_database() and application_name = 'scalestream'`;

/** A shop whose first messages are counted already. */
async function running(): Promise<Shop> {
  const open = await shop({ pack: 20 });
  await open.trade.send(MESSAGES);
  return open;
}

test('every byte late: no more is taken than the credit allows, and each event counts once', async () => {
  const open = await running();
  const { worker, source, leave } = await open.hire({ visibilityTimeout: '60s', maxMessages: 20 });
  open.statements.delay(40);
  await open.trade.send(3 * MESSAGES);
  let most = 0;
  await vi.waitFor(() => {
    most = Math.max(most, source.stats().held);
    expect(source.stats().acknowledged).toBe(4 * MESSAGES);
  }, PATIENCE);
  expect(most).toBeLessThanOrEqual(20);
  open.statements.delay(0);
  expect(worker.stats()).toMatchObject({ committed: open.trade.sent.events, source: { redelivered: 0 } });
  await leave();
  await open.exact();
});

test('connections that go silent beneath a worker are given up; what it holds is committed on others, once', async () => {
  const open = await running();
  const { leave } = await open.hire();
  await drained(open);
  const struck = open.statements.strike({ direction: 'to-client', after: 0, kind: 'stall', asked: 10_000 });
  await open.trade.send(MESSAGES);
  await struck;
  await drained(open);
  // What was committed without an answer is found again.
  expect((await leave()).duplicates).toBeGreaterThan(0);
  await open.exact();
});

test('a server that lets nobody in for a while, too many are there: receiving stops, then everything is taken up again', async () => {
  const open = await running();
  const { sql, database, trade, calls } = open;
  const role = `guest_${database.name}`;
  await sql.unsafe(`create role ${role} superuser login password 'guest'`);
  const url = new URL(open.statements.url);
  [url.username, url.password] = [role, 'guest'];
  const { warnings, leave } = await open.hire({ ...LONG, databaseUrl: url.href });
  await drained(open);
  await sql.unsafe(`alter role ${role} nosuperuser connection limit 0`);
  await endSessions(open);
  await trade.send(MESSAGES);
  await vi.waitFor(() => expect(warnings.join()).toMatch(/the database fails: .*53300/), PATIENCE);
  const deletes = calls.of('DeleteMessageBatch').length;
  expect(await open.left()).toBe(MESSAGES);
  await sql.unsafe(`alter role ${role} superuser connection limit -1`);
  await drained(open);
  expect(calls.of('DeleteMessageBatch').length).toBeGreaterThan(deletes);
  expect(warnings.join()).toMatch(/the database is back: receiving again/);
  expect(await leave()).toMatchObject({ committed: trade.sent.events, source: { redelivered: 0 } });
  await sql.unsafe(`reassign owned by ${role} to current_user; drop owned by ${role}; drop role ${role}`);
  await open.exact();
});

test('a table lock that waits behind a long reader holds up a worker no longer than the reader reads', async () => {
  const open = await running();
  const { sql, trade } = open;
  const { leave, warnings } = await open.hire();
  await drained(open);
  const [reader, locker] = await Promise.all([sql.reserve(), sql.reserve()]);
  await reader`begin`;
  await reader`select count(*) from product_trade`;
  await locker`begin`;
  const locked = locker`lock table product_trade in access exclusive mode`.then(() => locker`rollback`);
  await trade.send(MESSAGES);
  await vi.waitFor(() => expect(warnings.join()).toMatch(/the database fails: .*55P03/), PATIENCE);
  await reader`commit`;
  await locked;
  reader.release();
  locker.release();
  await drained(open);
  await leave();
  await open.exact();
});

test('a partition dropped between two flushes of a worker is made again', async () => {
  const open = await running();
  const { sql, trade } = open;
  const { leave } = await open.hire(LONG);
  await drained(open);
  // A day that no event is in: nothing counted goes with it.
  await sql`select scalestream.add_partition('shop_events', '2020-02-02')`;
  const days = await sql<{ name: string }[]>`
    select inhrelid::regclass::text as name from pg_inherits where inhparent = 'shop_events'::regclass`;
  for (const { name } of days) {
    const [row] = await sql<{ n: number }[]>`select count(*)::int as n from ${sql(name)}`;
    if (row?.n === 0) await sql`drop table ${sql(name)}`;
  }
  await trade.send(MESSAGES);
  await drained(open);
  expect(await leave()).toMatchObject({ committed: trade.sent.events });
  await open.exact();
});
