import { afterEach, beforeEach, expect, test } from 'vitest';
import { postgresDatabase, type Store, type StoreError } from '../../../src/index.ts';
import { message } from '../../support/message.ts';
import { batchOf, order, orderPipeline, orders, run, trade } from '../../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../../support/postgres-place.ts';

const pipeline = orderPipeline();
const deliver = (store: Store, id: string) => run(pipeline, store, [[message(JSON.stringify(order(id)))]]);
const commit = (store: Store, id: string) =>
  store.commit({ entries: batchOf([order(id)]).entries, folds: [], rejects: [] });

let place: PostgresPlace;
beforeEach(async () => {
  place = await postgresPlace();
});
afterEach(() => place.close());

const name = (): string => new URL(place.url).pathname.slice(1);

test('a database that became read-only is tried again, and writes again once it may', async () => {
  const store = await place.open(pipeline);
  await place.query(`alter database ${name()} set default_transaction_read_only = on`);
  await expect(place.database().open(pipeline, { worker: 'fresh' })).rejects.toMatchObject({
    failure: 'retry',
    reason: '25006',
  });
  await expect(commit(store, 'b')).resolves.toMatchObject({ fresh: 1 });
});

test('a lock held too long by somebody else is tried again', async () => {
  const store = await place.open(pipeline);
  const holder = place.session();
  await holder('begin; lock table orders in share mode');
  await expect(commit(store, 'a')).rejects.toMatchObject({ failure: 'retry', reason: '55P03' });
  await holder('commit');
  await expect(commit(store, 'a')).resolves.toMatchObject({ fresh: 1 });
});

test('a statement that takes too long is cancelled by the database, and told as slow', async () => {
  const database = place.database({ statementMs: 300 });
  await database.migrate(pipeline);
  const store = await database.open(pipeline, { worker: 'w' });
  const owner = place.session();
  await owner(`create function count_for_ever() returns trigger language plpgsql as
    $$ begin perform count(*) from generate_series(1, 1e12); return new; end $$`);
  await owner('create trigger slow before insert on orders for each row execute function count_for_ever()');
  await expect(commit(store, 'a')).rejects.toMatchObject({ failure: 'slow', reason: '57014' });
});

test('a flush that a deadlock with somebody else ends is tried again', async () => {
  const store = await place.open(pipeline);
  await deliver(store, 'a');
  const reasons: string[] = [];
  const watched: Store = {
    ...store,
    commit: (flush) =>
      store.commit(flush).catch((error: StoreError) => {
        reasons.push(`${error.failure} ${error.reason}`);
        throw error;
      }),
  };
  const other = place.session();
  await other(`begin; set deadlock_timeout = '1h'; select from trade for update`);
  const flushing = deliver(watched, 'b');
  await place.waiting(1);
  // Waits for the raw event that the flush has inserted, while the flush waits for the window.
  await other(`insert into orders (event_time, event_id, counted, event)
    select event_time, 'b', true, '{}' from orders on conflict do nothing`);
  await other('rollback');
  expect(await flushing).toMatchObject({ committed: 1 });
  expect(reasons).toContain('retry 40P01');
  expect(await place.windows(trade)).toMatchObject([{ orders: '2' }]);
});

test('too many connections is tried again', async () => {
  const store = await place.open(pipeline);
  await commit(store, 'a');
  await place.query(`alter database ${name()} connection limit 1`);
  await place.query(`create role guest_${name()} login password 'guest'`);
  const url = new URL(place.url);
  [url.username, url.password] = [`guest_${name()}`, 'guest'];
  const guest = postgresDatabase({ url: url.href });
  try {
    await expect(guest.open(pipeline, { worker: 'guest' })).rejects.toMatchObject({
      failure: 'retry',
      reason: '53300',
    });
  } finally {
    await guest.close();
    await place.query(`drop role guest_${name()}`);
  }
});

test.each([
  [
    'a permission that was taken away',
    (role: string) => `revoke insert on orders from ${role}`,
    '42501',
    /permission denied for table orders/,
  ],
  ['a column that was renamed', () => 'alter table orders rename counted to was_counted', '42703', /column "counted"/],
  ['a window table that was dropped', () => 'drop table trade cascade', '42P01', /relation "trade" does not exist/],
  [
    'a column that was dropped',
    () => 'alter table trade drop column cents cascade',
    '42703',
    /column .*cents.* does not exist/,
  ],
] as const)(
  '%s stops the worker with the reason; nothing is rejected, nothing written',
  async (_, change, reason, said) => {
    const role = `worker_${name()}`;
    await place.open(pipeline);
    await place.query(`create role ${role} login password 'worker';
    grant usage on schema scalestream to ${role};
    grant all on all tables in schema scalestream, public to ${role}`);
    const url = new URL(place.url);
    [url.username, url.password] = [role, 'worker'];
    const database = postgresDatabase({ url: url.href });
    try {
      await place.query(`select scalestream.add_partition('orders', '2026-01-01')`);
      const store = await database.open(pipeline, { worker: 'w' });
      await expect(deliver(store, 'a')).resolves.toMatchObject({ committed: 1 });
      await place.query(change(role));
      await expect(deliver(store, 'b')).rejects.toMatchObject({ failure: 'fatal', reason, message: said });
      expect(await place.rejects()).toEqual([]);
      expect(await place.query('select event_id from orders')).toEqual([{ event_id: 'a' }]);
    } finally {
      await database.close();
      await place.query(`drop owned by ${role}; drop role ${role}`);
    }
  },
);

test('a wrong password is fatal at once, and is not in the message', async () => {
  const url = new URL(place.url);
  url.password = 'not-the-password';
  const error: unknown = await place
    .database({ url: url.href })
    .migrate(pipeline)
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ failure: 'fatal', reason: '28P01' });
  expect(String(error)).not.toContain('not-the-password');
});

test('a database that does not exist is fatal at once, by name', async () => {
  const url = new URL(place.url);
  url.pathname = '/nowhere';
  const database = place.database({ url: url.href });
  await expect(database.migrate(pipeline)).rejects.toMatchObject({
    failure: 'fatal',
    reason: '3D000',
    message: expect.stringMatching(/nowhere/),
  });
});

test('opening a pipeline that was never migrated says what to do', async () => {
  await expect(place.database().open(pipeline, { worker: 'w' })).rejects.toMatchObject({
    failure: 'fatal',
    message: expect.stringMatching(/scalestream\.pipelines/),
  });
  await place.database().migrate(orderPipeline());
  expect(await place.events(orders)).toBe(0);
});
