import { expect, test, vi } from 'vitest';
import { PATIENCE, type Shop, shop } from './shop.ts';

const MESSAGES = 20;

const drained = (open: Shop) => vi.waitFor(async () => expect(await open.left()).toBe(0), PATIENCE);

test.each([
  {
    fault: 'a column renamed',
    change: 'alter table product_trade rename events to evts',
    heal: 'alter table product_trade rename evts to events',
    said: /column "?.*events"? .*does not exist|42703/,
  },
  {
    fault: 'a permission revoked',
    change: 'revoke insert on shop_events from WORKER',
    heal: 'grant insert on shop_events to WORKER',
    said: /permission denied for table shop_events/,
  },
])(
  '$fault beneath a worker: it ends with the reason and deletes nothing; once that is undone another is exact',
  async ({ change, heal, said }) => {
    const open = await shop({ pack: 20 });
    await open.trade.send(MESSAGES);
    const { sql, database, trade, calls } = open;
    const role = `worker_${database.name}`;
    await (await open.hire()).leave();
    await sql.unsafe(`create role ${role} login password 'worker';
    grant usage on schema scalestream to ${role};
    grant all on all tables in schema scalestream, public to ${role}`);
    const url = new URL(open.statements.url);
    [url.username, url.password] = [role, 'worker'];
    const { worker, leave } = await open.hire({ databaseUrl: url.href, migrate: false, visibilityTimeout: '60s' });
    await trade.send(MESSAGES);
    await drained(open);
    await sql.unsafe(change.replace('WORKER', role));
    const [deletes, before] = [calls.of('DeleteMessageBatch').length, await open.counted()];
    await trade.send(MESSAGES);
    await expect(worker.done).rejects.toThrow(said);
    await leave();
    expect(calls.of('DeleteMessageBatch')).toHaveLength(deletes);
    expect([await open.left(), await open.counted()]).toEqual([MESSAGES, before]);
    // Released, not left to their visibility timeout.
    expect(await open.queue.counts()).toMatchObject({ visible: MESSAGES, inFlight: 0 });
    await sql.unsafe(heal.replace('WORKER', role));
    expect(await open.exact()).toMatchObject({ committed: trade.sent.events - before });
    await sql.unsafe(`drop owned by ${role}; drop role ${role}`);
  },
);
